"""StateStack: the table, the key and the secrets. All are kept when the stack goes, and it refuses to go."""

from __future__ import annotations

import json
from typing import cast

from aws_cdk import Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

DUE_INDEX = "due"

_LWA = {
    "client_id": "put the LWA client id of your SP-API application here (amzn1.application-oa2-client.…)",
    "client_secret": "put the LWA client secret of your SP-API application here",
}
_API = {"put": 'where -c api_hmac=1 is chosen, replace all of this by {"api_secrets": ["whsec_…"]}'}
_ERP = {"put": "replace all of this by the settings of your ERP connector, as JSON"}


class StateStack(Stack):
    """Everything that a rebuilt FlowStack finds again."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: str, erp: str, env: Environment) -> None:
        super().__init__(
            scope,
            construct_id,
            env=env,
            description=f"spapi-bridge {stage}: what must not be lost",
            termination_protection=True,
        )
        self.key = kms.Key(
            self,
            "StateKey",
            description=f"spapi-bridge {stage}: table and secrets",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.table = self._table()
        self.lwa_secret = self._secret("LwaSecret", "Login with Amazon: client_id and client_secret", _LWA)
        self.erp_secret = self._secret("ErpSecret", "How to reach the ERP: the connector's settings", _ERP)
        # Also where nobody signs: see docs/decisions.md, Callers outside AWS.
        self.api_secret = self._secret("ApiSecret", "What callers outside AWS sign with: api_secrets", _API)
        self.drop = self._drop() if erp == "file_drop" else None
        """The bucket of the connector `file_drop`, here because a reader's rights hang on its name."""
        self.seller_secrets = f"bridge/{stage}/seller/"
        """The operator's command line makes one secret per seller below this, encrypted with `key`."""

    @property
    def lwa_secret_arn(self) -> str:
        return _whole_arn(self.lwa_secret)

    @property
    def erp_secret_arn(self) -> str:
        return _whole_arn(self.erp_secret)

    @property
    def api_secret_arn(self) -> str:
        return _whole_arn(self.api_secret)

    @property
    def due_index_arn(self) -> str:
        return f"{self.table.table_arn}/index/{DUE_INDEX}"

    @property
    def seller_secrets_arn(self) -> str:
        """Every seller's secret of this stage, and nothing else."""
        return self.format_arn(service="secretsmanager", resource=f"secret:{self.seller_secrets}*")

    def _table(self) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            "Core",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            # Shorter than the 30 days in which a departed seller's data has to be gone.
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=14
            ),
            time_to_live_attribute="ttl",
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        table.add_global_secondary_index(
            index_name=DUE_INDEX,
            partition_key=dynamodb.Attribute(name="dshard", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="due", type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        return table

    def _drop(self) -> s3.Bucket:
        """Holds recipients: nothing in it lives longer than a month, and no older version longer than a week."""
        return s3.Bucket(
            self,
            "Drop",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(21),
                    noncurrent_version_expiration=Duration.days(7),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )

    def _secret(self, construct_id: str, description: str, placeholder: dict[str, str]) -> secrets.Secret:
        # Generated, not given: CloudFormation then never writes the value again, whatever a human has put in since.
        # `unset` tells the functions that nobody has.
        return secrets.Secret(
            self,
            construct_id,
            description=description,
            encryption_key=self.key,
            generate_secret_string=secrets.SecretStringGenerator(
                secret_string_template=json.dumps(placeholder, ensure_ascii=False),
                generate_string_key="unset",
                exclude_punctuation=True,
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )


def _whole_arn(secret: secrets.Secret) -> str:
    # `secret_arn` is the resource's Ref: its ARN on AWS, its name on the emulator. The attribute is the ARN on both, so
    # that rights name one secret to the last character here and there.
    return cast("secrets.CfnSecret", secret.node.default_child).attr_id
