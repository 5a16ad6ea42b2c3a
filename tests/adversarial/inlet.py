"""The real consumer of notifications on stand-ins, and what must hold after any batch whatever was in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from bridge import inbox
from bridge.domain.lifecycle import HAND_TO_ERP
from bridge.domain.work import Work
from bridge.stores import keys
from bridge.stores.table import Key
from tests.adversarial.mutations import CANARY, SELDOM, Draw, Json
from tests.adversarial.writing import written
from tests.fakes.world import SELLER, World

APPLICATION, SUBSCRIPTION = "amzn1.sp.solution.test", "sub-1"
REASONS = re.compile(
    r"not JSON|JSON, but not an object|JSON nested deeper than any notification|no NotificationMetadata"
    r"|no notificationtype|no notificationid|no reaction to notifications of type ([A-Z][A-Z0-9_]{2,59}|\?)"
    r"|ORDER_CHANGE names no seller|ORDER_CHANGE without (OrderChangeNotification|a usable AmazonOrderId)"
)
"""Every reason why a message may be parked; none has room for what the message says."""


class Context:
    function_name = "test"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def receive(world: World, bodies: Sequence[str]) -> list[str]:
    """The ids of the records that the inbox reports as failed."""
    records = [{"messageId": str(n), "body": body, "eventSource": "aws:sqs"} for n, body in enumerate(bodies)]
    answer = inbox.consumer(world.ports, APPLICATION)({"Records": records}, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def neighbour(number: int) -> Json:
    """A notification about an order that the seller is to ship."""
    change = {
        "SellerId": SELLER.seller_id,
        "AmazonOrderId": f"305-0000000-{number:07}",
        "OrderChangeType": "OrderStatusChange",
        "Summary": {"OrderStatus": "Unshipped", "FulfillmentType": "MFN"},
    }
    metadata = {
        "ApplicationId": APPLICATION,
        "SubscriptionId": SUBSCRIPTION,
        "NotificationId": f"neighbour-{number}",
    }
    payload = {"OrderChangeNotification": change}
    return {"NotificationType": "ORDER_CHANGE", "Payload": payload, "NotificationMetadata": metadata}


_OURS = {
    "applicationid": APPLICATION,
    "subscriptionid": SUBSCRIPTION,
    "sellerid": SELLER.seller_id,
    "amazonorderid": "305-9999999-9999999",
    "notificationid": "n-1",
}


def addressed(body: Json, draw: Draw, kind: str | None = None) -> Json:
    """The body as if it were for us, but for a field now and then."""
    if isinstance(body, list):
        return [addressed(part, draw, kind) for part in body]
    if not isinstance(body, dict):
        return body
    ours = _OURS | ({"notificationtype": kind} if kind else {})
    out = {}
    for name, value in body.items():
        mine = ours.get(name.lower())
        out[name] = mine if mine and not draw(SELDOM) else addressed(value, draw, kind)
    return out


def check_batch(strange: Sequence[str], *, world: World | None = None) -> World:
    """Two neighbours around the strange ones: their work is raised, and the strange ones did no harm."""
    world = world or World()
    batch = [written(neighbour(1)), *strange, written(neighbour(2))]
    assert receive(world, batch) == []
    assert world.signals.counts["Bug"] == 0
    for number in (1, 2):
        change = neighbour(number)["Payload"]["OrderChangeNotification"]
        effect = world.table.get(keys.work(_hand_over(world, change["AmazonOrderId"])))
        assert effect is not None
        assert effect["want"] == 1
    _accounted_for(world, batch)
    _nothing_told(world)
    return world


def _hand_over(world: World, order_id: str) -> Work:
    return Work(HAND_TO_ERP, world.key(order_id))


def _accounted_for(world: World, batch: Sequence[str]) -> None:
    """Each message was parked, was foreign and is stored nowhere, or is a hint about one order."""
    told = world.signals.notes
    hints = [str(facts["order"]) for event, facts in told if event == "hint"]
    parked = [str(facts["digest"]) for event, facts in told if event == "parked"]
    foreign = [facts for event, facts in told if event == "foreign"]
    assert len(hints) + len(parked) + len(foreign) == len(batch)
    assert (world.signals.counts["Parked"], world.signals.counts["Foreign"]) == (len(parked), len(foreign))
    known = {hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()[:32] for body in batch}
    assert set(parked) <= known
    assert {item["sk"] for item in world.table.query(keys.PARKED)} == set(parked)
    orders = {keys.order_of(key.pk).order_id for key in world.table.items if key.pk.startswith("T#")}
    assert orders == set(hints)
    assert {keys.order_of(key.pk).seller for key in world.table.items if key.pk.startswith("T#")} <= {SELLER}


def _nothing_told(world: World) -> None:
    """Reasons are our own words; what was planted is in no log, no parked message, no work message."""
    for item in world.table.query(keys.PARKED):
        assert REASONS.fullmatch(item["reason"]), item["reason"]
        assert set(item) == {"pk", "sk", "due", "dshard", "reason", "size", "ttl", "seen", "since"}
    said = [world.signals.notes, dict(world.signals.counts), world.table.query(keys.PARKED), world.queue.waiting]
    assert CANARY.lower() not in repr(said).lower()
    heads = {key: item for key, item in world.table.items.items() if key != Key(keys.SELLERS, key.sk)}
    without_hints = [{name: value for name, value in item.items() if name != "hints"} for item in heads.values()]
    assert CANARY.lower() not in repr(without_hints).lower()
