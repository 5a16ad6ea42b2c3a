"""A connector that follows its configuration: a changed secret needs no deployment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.ports import Erp


class RenewedErp:
    """The connector of the configuration that the secret holds now: read again every five minutes, like all secrets."""

    def __init__(self, connect: Callable[[dict[str, Any]], Erp], read: Callable[[], dict[str, Any]]) -> None:
        self._connect = connect
        self._read = read
        self._config = read()
        self._erp = connect(self._config)

    def __getattr__(self, name: str) -> Any:
        config = self._read()
        if config != self._config:
            self._config, self._erp = config, self._connect(config)
        return getattr(self._erp, name)
