"""Notifications on their way to the seller's queue, and everything that can happen to them there."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from local.simulator.agenda import Agenda
from local.simulator.draws import Draws
from local.simulator.moments import Clock, stamp

Post = Callable[[str, str], None]
"""Puts a body onto the queue with this ARN; raises OSError when that fails."""

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What happens to the next `notifications` notifications of an order."""

    duplicate: int = 0
    """How many more times the same notification is sent."""
    delay_s: float = 0.0
    lose: bool = False
    reorder: bool = False
    """Sent right after the order's next notification."""
    notifications: int = 1


@dataclass(frozen=True, slots=True)
class Odds:
    """Probabilities for notifications that nothing else was planned for."""

    duplicate: float = 0.0
    delay: float = 0.0
    reorder: float = 0.0
    lose: float = 0.0
    max_delay_s: float = 10.0


@dataclass(slots=True)
class Delivery:
    """One notification; `outcome` is waiting, sent, lost or undeliverable."""

    n: int
    order_id: str
    notification_id: str
    arn: str
    body: str = field(repr=False)
    created: datetime
    disturbance: Disturbance
    outcome: str = "waiting"
    sent_at: list[datetime] = field(default_factory=list)
    started: bool = False

    def summary(self) -> dict[str, Any]:
        """Without the body."""
        return {
            "n": self.n,
            "order_id": self.order_id,
            "notification_id": self.notification_id,
            "created_at": stamp(self.created),
            "sent_at": [stamp(moment) for moment in self.sent_at],
            "outcome": self.outcome,
            "duplicates": self.disturbance.duplicate,
            "delayed": self.disturbance.delay_s > 0,
            "reordered": self.disturbance.reorder,
        }


class Deliveries:
    """Hands every notification to `post` when its time has come. The caller of `send` holds the world's lock."""

    def __init__(self, agenda: Agenda, draws: Draws, clock: Clock, *, post: Post | None, hold_s: float) -> None:
        self._agenda, self._draws, self._clock, self._post, self._hold_s = agenda, draws, clock, post, hold_s
        self.odds = Odds()
        self.log: list[Delivery] = []
        self.unsent: Counter[str] = Counter()
        """Notifications that never were: `unsubscribed`, `filtered`."""
        self._plans: dict[str, Disturbance] = {}
        self._held: dict[str, Delivery] = {}

    def disturb(self, order_id: str, disturbance: Disturbance) -> None:
        self._plans[order_id] = disturbance

    def send(self, order_id: str, *, notification_id: str, arn: str, body: str) -> None:
        now = self._clock()
        delivery = Delivery(len(self.log) + 1, order_id, notification_id, arn, body, now, self._disturbance(order_id))
        self.log.append(delivery)
        due = now + timedelta(seconds=delivery.disturbance.delay_s)
        predecessor = self._held.pop(order_id, None)
        if delivery.disturbance.lose:
            delivery.outcome = "lost"
        elif delivery.disturbance.reorder:
            self._held[order_id] = delivery
            self._at(due + timedelta(seconds=self._hold_s), delivery)
        else:
            self._at(due, delivery)
        if predecessor is not None:
            self._at(due, predecessor)

    def _disturbance(self, order_id: str) -> Disturbance:
        plan = self._plans.get(order_id)
        if plan is not None and plan.notifications > 0:
            self._plans[order_id] = replace(plan, notifications=plan.notifications - 1)
            return plan
        draw, odds = self._draws.named("delivery", len(self.log) + 1), self.odds
        chances = [draw.random() for _ in range(4)]
        return Disturbance(
            duplicate=int(chances[0] < odds.duplicate),
            delay_s=draw.uniform(0, odds.max_delay_s) if chances[1] < odds.delay else 0.0,
            reorder=chances[2] < odds.reorder,
            lose=chances[3] < odds.lose,
        )

    def _at(self, due: datetime, delivery: Delivery, tries: int = 1) -> None:
        self._agenda.at(due, lambda: self._deliver(delivery, tries))

    def _deliver(self, delivery: Delivery, tries: int) -> None:
        if delivery.started and tries == 1:
            return
        delivery.started = True
        # Outside the world's lock: a slow queue must not hold up the API.
        while self._post is not None and len(delivery.sent_at) <= delivery.disturbance.duplicate:
            sent = False
            with contextlib.suppress(OSError):
                self._post(delivery.arn, delivery.body)
                sent = True
            if not sent:
                self._try_again(delivery, tries)
                return
            delivery.sent_at.append(self._clock())
        delivery.outcome = "sent" if delivery.sent_at else "undeliverable"

    def _try_again(self, delivery: Delivery, tries: int) -> None:
        if tries >= _TRIES:
            delivery.outcome = "sent" if delivery.sent_at else "undeliverable"
        else:
            self._at(self._clock() + timedelta(seconds=1), delivery, tries + 1)

    def figures(self) -> Mapping[str, int]:
        log = list(self.log)
        return {
            "notifications": len(log),
            "messages": sum(len(delivery.sent_at) for delivery in log),
            **{
                outcome: sum(delivery.outcome == outcome for delivery in log)
                for outcome in ("sent", "lost", "waiting", "undeliverable")
            },
            "duplicated": sum(delivery.disturbance.duplicate > 0 and not delivery.disturbance.lose for delivery in log),
            "delayed": sum(delivery.disturbance.delay_s > 0 for delivery in log),
            "reordered": sum(delivery.disturbance.reorder for delivery in log),
            "unsubscribed": self.unsent["unsubscribed"],
            "filtered": self.unsent["filtered"],
        }
