"""The ERP connectors: one row here, or a dotted path in the settings, names the one that a deployment uses."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from bridge.domain.errors import Misconfigured
from bridge.ports import Erp

CONNECTORS: dict[str, str] = {
    "tryton": "bridge.erp.tryton:connect",
    "webhook": "bridge.erp.webhook:connect",
    "sqs": "bridge.erp.sqs:connect",
    "eventbridge": "bridge.erp.eventbridge:connect",
    "file_drop": "bridge.erp.file_drop:connect",
}

Connect = Callable[[dict[str, object]], Erp]


def connector(name: str) -> Connect:
    """The `connect` function of a connector, by its name in CONNECTORS or as `package.module:function`."""
    path = CONNECTORS.get(name, name)
    module, _, function = path.partition(":")
    if not module or not function:
        msg = f"ERP connector {name!r} is neither one of {sorted(CONNECTORS)} nor of the form package.module:function"
        raise Misconfigured(msg)
    try:
        connect: Connect = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        msg = f"ERP connector {path!r} cannot be imported ({type(error).__name__}); is its package in the layer?"
        raise Misconfigured(msg) from error
    return connect
