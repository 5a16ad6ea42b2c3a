"""How an ERP reports a shipment, or anything else: one JSON document, signed with the keys of its own AWS role.

`ROUTE_URL=… python report_shipment.py < shipment.json`, with the output ApiUrl of the Flow stack and the route.
Needs botocore only.
"""

from __future__ import annotations

import os
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.session import Session


def report(url: str, body: bytes) -> tuple[int, str]:
    """Status and body of the answer. 202: stored. 400: mend the document. 409: see the reason. 503: send it again."""
    session = Session()
    credentials = session.get_credentials()
    if credentials is None:
        msg = "no AWS credentials were found"
        raise RuntimeError(msg)
    request = AWSRequest("POST", url, data=body, headers={"content-type": "application/json"})
    region = session.get_config_variable("region")
    SigV4Auth(credentials.get_frozen_credentials(), "execute-api", region).add_auth(request)
    answer = URLLib3Session(timeout=10).send(request.prepare())
    return answer.status_code, answer.text


if __name__ == "__main__":
    status, text = report(os.environ["ROUTE_URL"], sys.stdin.buffer.read())
    sys.stdout.write(f"{status} {text}\n")
    raise SystemExit(status != 202)
