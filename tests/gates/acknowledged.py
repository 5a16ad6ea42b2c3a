"""Every finding that stands, and the argument for it; a row that matches nothing any more fails its gate."""

from __future__ import annotations

from tests.gates.finding import Acknowledged

_FUNCTIONS = "Bridge-dev-Flow/*/Resource"
_SELLERS = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:bridge/dev/seller/*"

_NO_DEAD_LETTERS = (
    "Lambda's dead letters are for asynchronous calls, which only the schedules make: a sweep that failed is made good "
    "by the next minute's, and the alarm SweepLagSeconds rings when none succeeds. Queues hand over synchronously and "
    "have dead-letter queues of their own, each with an alarm; the HTTP API waits for its answer."
)
_NO_RESERVE = (
    "Reserved concurrency would take from an account that may have ten in all. The lanes are limited where they are "
    "fed, to two batches at a time; the HTTP API throttles at 10 requests a second; each sweep starts once a minute. "
    "The function behind the routes without an authorizer has its reserve, which is its limit, where it is chosen."
)
_NO_VPC = (
    "There is nothing to reach inside a VPC: Amazon, the ERP and AWS's own endpoints are public and spoken to by TLS. "
    "A NAT gateway would be paid for standing still, and one more thing between a shipment and its confirmation."
)
_PYTHON_313 = (
    "Python 3.13 has security fixes until October 2029, and is what layer, tests and emulator are kept for "
    "(docs/decisions.md, Python 3.13 on arm64). Newest is no property of its own."
)
_OWN_ROTATION = (
    "Secrets Manager cannot rotate what others issue. Amazon makes the LWA client secret, valid for 180 days, and the "
    "ERP's operator its key; both are renewed as docs/deploying.md tells, and read anew within five minutes."
)
_LOG_KEY = (
    "Logs hold ids, counts and reasons from an allow-list and no personal data; a search for planted values proves it. "
    "AWS's own key encrypts them (docs/data-protection.md). Under a key of ours, a mistake in its policy loses the "
    "very lines that would tell of it, and logs have to outlive the stack and its keys by 13 months."
)

CDK_NAG = (
    Acknowledged(
        "AwsSolutions-IAM5[Resource::*]",
        "Bridge-dev-Flow/*Role/DefaultPolicy/Resource",
        "X-Ray has no resources to name. tests/unit/infra/test_permissions.py admits `*` for its two actions only.",
    ),
    Acknowledged(
        f"AwsSolutions-IAM5[Resource::{_SELLERS}]",
        "Bridge-dev-Flow/*Role/DefaultPolicy/Resource",
        "Sellers come after the deployment, one secret each; the name ends below this stage's own prefix. "
        "tests/unit/infra/test_permissions.py lists the four functions that may read them.",
    ),
    Acknowledged(
        "AwsSolutions-APIG4",
        "Bridge-dev-Flow/Api/Http/POST--hmac--v1--*",
        "API Gateway shows an authorizer no body, and the body is what is signed: the function compares the signature "
        "before it does anything else (tests/unit/bridge/test_signed_api.py). The routes are there only if chosen.",
    ),
    Acknowledged("AwsSolutions-L1", _FUNCTIONS, _PYTHON_313),
    Acknowledged("Serverless-LambdaLatestVersion", _FUNCTIONS, _PYTHON_313),
    Acknowledged("AwsSolutions-SMG4", "Bridge-dev-State/*Secret/Resource", _OWN_ROTATION),
    Acknowledged("NIST.800.53.R5-SecretsManagerRotationEnabled", "Bridge-dev-State/*Secret/Resource", _OWN_ROTATION),
    Acknowledged("NIST.800.53.R5-CloudWatchLogGroupEncrypted", "Bridge-dev-Flow/*Log/Resource", _LOG_KEY),
    Acknowledged(
        "NIST.800.53.R5-DynamoDBInBackupPlan",
        "Bridge-dev-State/Core/Resource",
        "Point-in-time recovery reaches back 14 days. A backup plan's copies would keep a departed seller's data "
        "beyond the 30 days within which it has to be gone, and what is lost is read again from Amazon and the ERP.",
    ),
    Acknowledged(
        "NIST.800.53.R5-IAMNoInlinePolicy",
        "Bridge-dev-Flow/*Role/DefaultPolicy/Resource",
        "One role per function, and one policy that belongs to it alone and goes with it. A managed policy could be "
        "attached to a second role, which is what one role per function is to prevent.",
    ),
    Acknowledged("NIST.800.53.R5-LambdaConcurrency", _FUNCTIONS, _NO_RESERVE),
    Acknowledged("NIST.800.53.R5-LambdaInsideVPC", _FUNCTIONS, _NO_VPC),
    Acknowledged("NIST.800.53.R5-LambdaDLQ", _FUNCTIONS, _NO_DEAD_LETTERS),
    Acknowledged("Serverless-LambdaDLQ", _FUNCTIONS, _NO_DEAD_LETTERS),
    Acknowledged(
        "Serverless-LambdaAsyncFailureDestination",
        "Bridge-dev-Flow/Sweeps/*/EventInvokeConfig/Resource",
        "A sweep that failed leaves nothing to be sent on: the next minute's looks at the same sources again.",
    ),
    Acknowledged(
        "Serverless-LambdaEventSourceMappingDestination",
        "Bridge-dev-Flow/*/Mapping/Resource",
        "A queue keeps what failed and gives it to dead letters of its own: a second place would only hide some of it.",
    ),
    Acknowledged(
        "Serverless-SQSRedrivePolicy",
        "Bridge-dev-Flow/*/Dead/Resource",
        "This is the dead-letter queue. Behind it comes a human, called by the alarm NotEmpty.",
    ),
)

_DROP = "Bridge-dev-State/Drop/Resource"
_NO_ACCESS_LOG = (
    "What is in the bucket is told again when it is lost, gone within a month, and written by one function. Who read "
    "it is a question for CloudTrail's data events, which an account switches on for all its buckets in one place; a "
    "second bucket of access logs would have to be kept, encrypted and read as well."
)

FILE_DROP = (
    *(
        Acknowledged(
            f"AwsSolutions-IAM5[Resource::<Drop89C17749.Arn>/{prefix}/*]",
            "Bridge-dev-Flow/Outbox/ErpRole/DefaultPolicy/Resource",
            "Every order is an object of its own; the right ends at this prefix of this bucket, and only writes.",
        )
        for prefix in ("out", "manifests")
    ),
    Acknowledged("AwsSolutions-S1", _DROP, _NO_ACCESS_LOG),
    Acknowledged("NIST.800.53.R5-S3BucketLoggingEnabled", _DROP, _NO_ACCESS_LOG),
    Acknowledged(
        "NIST.800.53.R5-S3BucketReplicationEnabled",
        _DROP,
        "A copy in another region would be one more place with recipients; an order that is lost is written again.",
    ),
)
"""Beside CDK_NAG, for a deployment of the connector `file_drop`."""

CFN_LINT = (
    Acknowledged(
        "W3005",
        "Bridge-dev-Flow/Resources/*/DependsOn/*",
        "The CDK writes every function's dependency on its role twice. It says the same thing twice and does no harm.",
    ),
    Acknowledged(
        "W6001",
        "Bridge-dev-Flow/Outputs/*",
        "The operator's command line reads one stack's outputs, so Flow tells what State holds too.",
    ),
)

CHECKOV = (
    Acknowledged("CKV_AWS_115", "Bridge-dev-Flow/Resources/*", _NO_RESERVE),
    Acknowledged("CKV_AWS_116", "Bridge-dev-Flow/Resources/*", _NO_DEAD_LETTERS),
    Acknowledged("CKV_AWS_117", "Bridge-dev-Flow/Resources/*", _NO_VPC),
    Acknowledged("CKV_AWS_158", "Bridge-dev-Flow/Resources/*", _LOG_KEY),
    Acknowledged(
        "CKV_AWS_173",
        "Bridge-dev-Flow/Resources/*",
        "The environment names queues, a table and secrets and holds none of their content. AWS's own key encrypts it.",
    ),
)

_FIXED_COMMAND = "A fixed list of words, no shell, and nothing in it that comes from outside this machine."
_PS = "`ps` is where the reader's system has it: /bin here, /usr/bin there."
_EMULATED = "The emulators of this machine take any key, and nothing else is ever given this one."

BANDIT = (
    Acknowledged("B404", "infra/layer.py:module", "pip makes the layer, as a program of its own."),
    Acknowledged("B603", "infra/layer.py:_install", _FIXED_COMMAND),
    Acknowledged("B105", "infra/state.py:module", "A sentence that tells the operator what to put there."),
    Acknowledged("B311", "functions/bridge/stores/dynamodb.py:*", "Jitter between two tries, not a secret."),
    Acknowledged("B404", "local/*:module", "The local machine is made of programs: emulator, simulator, ERP, CDK."),
    Acknowledged("B603", "local/*", _FIXED_COMMAND),
    Acknowledged("B607", "local/emulator/server.py:*", _PS),
    Acknowledged("B607", "local/erp/processes.py:*", _PS),
    Acknowledged("B607", "local/simulator/process.py:*", _PS),
    Acknowledged("B106", "local/deploy.py:*", _EMULATED),
    Acknowledged("B105", "local/emulator/server.py:*", _EMULATED),
    Acknowledged("B106", "local/simulator/queues.py:*", _EMULATED),
    Acknowledged("B310", "local/emulator/server.py:*", "The emulator's own address on this machine."),
    Acknowledged("B311", "local/simulator/draws.py:*", "Repeatable from a seed, which is the point of a simulator."),
    Acknowledged("B105", "local/simulator/lwa.py:_issued", "`bearer` is a type of token."),
)
