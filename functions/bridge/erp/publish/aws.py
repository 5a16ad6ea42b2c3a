"""What the channels inside AWS have in common: short time-outs, and AWS's errors in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bridge.domain.errors import BridgeError, Misconfigured, Refused, Unavailable

# As for our own queues and table: a request in flight must end well before the lease does.
SHORT = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})

_BUSY = {
    *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestLimitExceeded"),
    *("TooManyRequestsException", "SlowDown", "OverLimit", "KmsThrottled", "RequestTimeout", "InternalFailure"),
    *("InternalException", "InternalError", "ServiceUnavailable", "OperationAborted"),
}
_THIS_MESSAGE = {"InvalidMessageContents", "MessageTooLong", "MalformedDetail", "EntityTooLarge", "InvalidArgument"}


def call(operation: Callable[..., Any], what: str, **parameters: Any) -> Mapping[str, Any]:
    """AWS's answer, or one of our errors, without AWS's text or the exception behind it: both may quote parameters."""
    try:
        return cast("Mapping[str, Any]", operation(**parameters))
    except ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        raise said_no(error.response["Error"]["Code"], what, status) from None
    except BotoCoreError as error:
        msg = f"{what} did not answer ({type(error).__name__})"
        raise Unavailable(msg) from None


def said_no(code: str, what: str, status: int = 400) -> BridgeError:
    """The error for an error code of AWS. What is wrong for every message is Misconfigured: it rings and parks none."""
    name = code.rpartition(".")[2]
    if name in _BUSY or status >= 500:
        return Unavailable(f"{what} answered {name}")
    if name in _THIS_MESSAGE:
        return Refused(f"{what} refused the message ({name})", name)
    return Misconfigured(f"{what} cannot be written to ({name}): does it exist, and may this function write to it?")


def target(config: Mapping[str, object], kind: str) -> str:
    """Where the deployment lets this connector write; Misconfigured when it was deployed without."""
    found = config.get("target")
    if isinstance(found, str) and found:
        return found
    msg = (
        f"the deployment names no {kind} to write to: deploy again with the `erp` that is meant, see docs/deploying.md"
    )
    raise Misconfigured(msg)
