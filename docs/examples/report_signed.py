"""How an ERP outside AWS reports something: one JSON document, signed with a secret. Needs the standard library only.

`ROUTE_URL=… BRIDGE_SECRET=whsec_… python report_signed.py < shipment.json`, with the output HmacApiUrl of the Flow
stack and the route.
"""

from __future__ import annotations

import base64
import hmac
import os
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit


def report(url: str, body: bytes, secret: str) -> tuple[int, str]:
    """Status and body of the answer. 202: stored. 401: see the reason. 503: send it again, signed anew."""
    timestamp = str(int(time.time()))
    content = f"{timestamp}.POST.{urlsplit(url).path}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    headers = {
        "content-type": "application/json",
        "bridge-timestamp": timestamp,
        "bridge-signature": signature,
    }
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - from the operator
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


if __name__ == "__main__":
    status, text = report(os.environ["ROUTE_URL"], sys.stdin.buffer.read(), os.environ["BRIDGE_SECRET"])
    sys.stdout.write(f"{status} {text}\n")
    raise SystemExit(status != 202)
