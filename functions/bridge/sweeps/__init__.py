"""What closes the gaps: one file per source of truth. Notifications are the speed, sweeps are the guarantee."""

from __future__ import annotations

from collections.abc import Callable

from bridge.ports import Ports
from bridge.sweeps import due, orders, shipments

SWEEPS: dict[str, Callable[[Ports, Callable[[], float]], None]] = {
    "due": due.run,
    "orders": orders.run,
    "shipments": shipments.run,
}
"""Name → run(ports, seconds left)."""
SERVES_LINES = orders.NAME
"""The sweep whose function is also called by the messages of the waiting lines: it may search orders."""
