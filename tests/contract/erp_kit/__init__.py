"""What every ERP connector of the shape find + create has to keep; a connector's test inherits `ErpKit`.

The heir provides `erp`, `interrupted` and `warehouse`; the ERP behind them sells SKU-0001 … SKU-0009 in EUR and GBP.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in ("orders", "shipments", "stops")))

from tests.contract.erp_kit.orders import OrdersKit  # noqa: E402
from tests.contract.erp_kit.shipments import ShipmentsKit  # noqa: E402
from tests.contract.erp_kit.stops import StopsKit  # noqa: E402


class ErpKit(OrdersKit, StopsKit, ShipmentsKit):
    """Inherit, and override the three fixtures of `cases.Kit`."""
