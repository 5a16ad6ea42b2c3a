"""The simulated Amazon as demo and tests hold it: the admin API with types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx

DIRECT_TO_CONSUMER = "Direct-to-Consumer Shipping"
ORDER_TRACKING = "Inventory and Order Tracking"


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that was just placed."""

    order_id: str
    seller_id: str
    marketplace_id: str
    grand_total: Decimal
    currency: str


class Amazon:
    """Raises httpx.HTTPStatusError, with the simulator's reason as a note, when something is refused."""

    def __init__(self, base_url: str, *, timeout: float = 10.0) -> None:
        # Never through a proxy: the simulator is on this machine.
        self._http = httpx.Client(base_url=base_url, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _get(self, path: str, **query: Any) -> Any:
        return self._checked(self._http.get(f"/admin/{path}", params=query))

    def _post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._checked(self._http.post(f"/admin/{path}", json=dict(body or {})))

    @staticmethod
    def _checked(response: httpx.Response) -> Any:
        try:
            response.raise_for_status()
        except httpx.HTTPStatusError as error:
            error.add_note(response.text[:500])
            raise
        return response.json()

    def healthy(self) -> bool:
        """False also while it does not answer."""
        try:
            return bool(self._get("health")["status"] == "ok")
        except httpx.HTTPError:
            return False

    def register_application(
        self, application_id: str, client_id: str, client_secret: str, *, withdraw: str = ""
    ) -> None:
        """A further secret for a known client is valid beside the earlier ones; `withdraw` stops one."""
        body = {
            "application_id": application_id,
            "client_id": client_id,
            "client_secret": client_secret,
            "withdraw": withdraw,
        }
        self._post("application", body)

    def add_seller(
        self,
        seller_id: str,
        region: str,
        *,
        marketplace_ids: Sequence[str],
        roles: Sequence[str] = (ORDER_TRACKING, DIRECT_TO_CONSUMER),
        refresh_token: str = "",
    ) -> str:
        """The seller's refresh token."""
        body = {
            "seller_id": seller_id,
            "region": region,
            "marketplace_ids": list(marketplace_ids),
            "roles": list(roles),
        }
        token: str = self._post("sellers", body | ({"refresh_token": refresh_token} if refresh_token else {}))[
            "refresh_token"
        ]
        return token

    def revoke_seller(self, seller_id: str) -> None:
        self._post(f"sellers/{seller_id}/revoke")

    def restore_seller(self, seller_id: str) -> None:
        self._post(f"sellers/{seller_id}/restore")

    def place_order(
        self, seller_id: str, marketplace_id: str, *, items: Sequence[Mapping[str, Any]], **more: Any
    ) -> Placed:
        """`more`: fulfilled_by, shipping, service_level, ship_by_hours, name, pending_s, delivery. Amounts as text."""
        body = {
            "seller_id": seller_id,
            "marketplace_id": marketplace_id,
            "items": [dict(item) for item in items],
            **more,
        }
        told = self._post("orders", body)
        return Placed(told["order_id"], seller_id, marketplace_id, Decimal(told["grand_total"]), told["currency"])

    def release(self, order_id: str) -> None:
        self._post(f"orders/{order_id}/release")

    def cancel(self, order_id: str, by: str = "BUYER") -> None:
        self._post(f"orders/{order_id}/cancel", {"by": by})

    def request_cancel(self, order_id: str, reason: str = "ORDERED_BY_MISTAKE") -> None:
        self._post(f"orders/{order_id}/request-cancel", {"reason": reason})

    def ship(self, order_id: str) -> None:
        """Amazon ships an order that it fulfils."""
        self._post(f"orders/{order_id}/ship")

    def touch(self, order_id: str, shown: Mapping[str, Any] | None = None) -> None:
        """Change the order; from now on the API shows these values instead of the true ones."""
        self._post(f"orders/{order_id}/touch", {"set": dict(shown or {})})

    def disturb(self, order_id: str, **delivery: Any) -> None:
        """The order's next notifications: duplicate, delay_s, lose, reorder, notifications."""
        self._post(f"orders/{order_id}/delivery", delivery)

    def set_odds(self, **odds: float) -> None:
        """Probabilities for all other notifications: duplicate, delay, reorder, lose, max_delay_s."""
        self._post("deliveries", odds)

    def plant_fault(
        self, operation: str, status: int | str, *, times: int = 1, after_effect: bool = False, seconds: float = 60.0
    ) -> None:
        """`status`: an HTTP status, or hang, reset, truncate, html503; the operation of LWA is `token`."""
        self._post(
            "faults",
            {
                "operation": operation,
                "status": status,
                "times": times,
                "after_effect": after_effect,
                "seconds": seconds,
            },
        )

    def reset(self, seed: int | None = None) -> None:
        self._post("reset", {} if seed is None else {"seed": seed})

    def orders(self) -> list[dict[str, Any]]:
        return list(self._get("orders"))

    def order(self, order_id: str) -> dict[str, Any]:
        """The whole truth, packages and personal data included."""
        return dict(self._get(f"orders/{order_id}"))

    def transcript(self, after: int = 0) -> list[dict[str, Any]]:
        return list(self._get("transcript", after=after))

    def notifications(self) -> list[dict[str, Any]]:
        """When each was created and sent, and what was done to it; no bodies."""
        return list(self._get("notifications"))

    def figures(self) -> dict[str, Any]:
        return dict(self._get("figures"))

    def canaries(self) -> dict[str, Any]:
        return dict(self._get("canaries"))
