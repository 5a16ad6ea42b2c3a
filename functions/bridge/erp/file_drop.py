"""The connector `file_drop`: every message is an object in a bucket, and a manifest that says what lies there."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import boto3

from bridge.erp.publish import Publisher
from bridge.erp.publish.aws import SHORT, call, target
from bridge.erp.publish.envelope import Envelope

OUT, MANIFESTS = "out", "manifests"


class FileDrop:
    """A `Channel`. An object appears whole or not at all; its manifest comes after it."""

    def __init__(self, bucket: str, client: Any = None) -> None:
        self._bucket = bucket
        self._client = client or boto3.client("s3", config=SHORT)

    def deliver(self, envelope: Envelope) -> None:
        """The manifest names the version of the object that it was written with: no repetition can mismatch them."""
        name, content = object_name(envelope), envelope.text().encode()
        version_id = self._put(name, content)
        digest = hashlib.sha256(content).hexdigest()
        manifest = {
            "id": envelope.id,
            "type": envelope.type,
            "version": envelope.version,
            "region": envelope.key.region,
            "seller_id": envelope.key.seller_id,
            "order_id": envelope.key.order_id,
            "objects": [{"key": name, "version_id": version_id, "bytes": len(content), "sha256": digest}],
        }
        self._put(f"{MANIFESTS}/{envelope.id}.json", json.dumps(manifest, indent=1).encode())

    def _put(self, name: str, content: bytes) -> str | None:
        """The version that S3 gave to it."""
        answer = call(
            self._client.put_object,
            "the bucket",
            Bucket=self._bucket,
            Key=name,
            Body=content,
            ContentType="application/json",
            # S3 refuses what does not arrive as it was sent.
            ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
        )
        return answer.get("VersionId")


def object_name(envelope: Envelope) -> str:
    """Order and version, so that the newest is the last: out/eu/A3…/305-…/20261124T085900.000000Z_order_5f….json."""
    version = envelope.version.replace("-", "").replace(":", "")
    file = f"{version}_{envelope.id}" if version else envelope.id
    return "/".join((OUT, *envelope.key, f"{file}.json"))


def connect(config: Mapping[str, object]) -> Publisher:
    """Raises Misconfigured when the deployment has no bucket; does not call S3 yet."""
    return Publisher(FileDrop(target(config, "bucket")), config)
