"""What every connector of the shape publish has to keep; a connector's test inherits `PublishKit`.

The heir provides `channel`, `receiver`, `interrupted` and `bad_days`: a real counterpart, not a mock of one.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in ("delivering", "stopping", "whole", "acknowledging")))

from tests.contract.publish_kit.acknowledging import AcknowledgingKit  # noqa: E402
from tests.contract.publish_kit.delivering import DeliveringKit  # noqa: E402
from tests.contract.publish_kit.stopping import StoppingKit  # noqa: E402


class PublishKit(DeliveringKit, StoppingKit, AcknowledgingKit):
    """Inherit, and override the four fixtures of `cases.Kit`."""
