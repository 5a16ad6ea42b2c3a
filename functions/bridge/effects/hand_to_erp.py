"""Hand one order to the ERP: a single read of Amazon with the recipient, who stays in memory, and one document."""

from __future__ import annotations

from bridge.domain.documents import Document, ErpOrder, Recipient
from bridge.domain.errors import Refused
from bridge.domain.handover import document
from bridge.domain.lifecycle import HAND_TO_ERP, Change, Ending, Head, handed, wanted
from bridge.domain.orders import Order
from bridge.domain.work import OLD_AT_FIRST_SIGHT, Turn
from bridge.ports import Ports

ROLE_MISSING = (
    "Amazon withholds the recipient. Role missing: Direct-to-Consumer Shipping; "
    "add it to the application and let the seller authorise again"
)
BEFORE_GO_LIVE = (
    "created before this seller went live and not in the ERP under Amazon's order id; "
    "enter it there under that id, or hand it over with `bridge parked retry`"
)


def run(turn: Turn, ports: Ports) -> Ending | None:
    """Nothing happens when the order is in the ERP already, or not (or no longer) to be shipped by the seller."""
    key = turn.work.key
    if turn.head.erp_number:
        return None
    if not turn.rehearse:
        # Before a read of Amazon is spent on it: is the ERP left in peace, is its secret to be read?
        ports.circuit.look()
        _ = ports.erp.lookup_lag
    reading = ports.amazon.get_order(key, recipient=not turn.rehearse, slot=turn.slot_of("getOrder"))
    head, works = ports.orders.fold(key, reading.order, handling=HAND_TO_ERP, known=turn.head)
    ports.send(works)
    if head.erp_number:
        return None
    if not head.actionable:
        return _lost_answer(turn, head, reading.order, ports)
    demand = document(key, reading.order)
    if turn.rehearse:
        ports.signals.note(
            "would hand to the ERP", order=key.order_id, lines=len(demand.lines), total=str(demand.total)
        )
        return None
    ports.circuit.admit()  # not sooner: a try that found no quota would keep the probe from everybody
    erp_order = _told(head) or _in_erp(turn, demand, reading.recipient, ports)
    if erp_order.total is not None and erp_order.total != demand.total and not turn.accepted:
        msg = f"the ERP's document {erp_order.number} is over {erp_order.total}, Amazon's order over {demand.total}"
        raise Refused(msg)
    return _handed(erp_order, reading.order, head, ports)


def _told(head: Head) -> ErpOrder | None:
    """The document that the ERP acknowledged for this version, over a total that only a human can take."""
    told = head.erp_told
    return ErpOrder(told.number, "acknowledged", told.total) if told and told.version == head.version else None


def _lost_answer(turn: Turn, head: Head, order: Order, ports: Ports) -> Ending | None:
    """The order is not to be shipped (any more), but an earlier try may have landed: then it is to be stopped there."""
    found = ports.erp.find(turn.work.key) if turn.doubt else None
    return _handed(found, order, head, ports) if found else None


def _in_erp(turn: Turn, demand: Document, recipient: Recipient | None, ports: Ports) -> ErpOrder:
    """Look before creating when an earlier try may have landed, or the order may be older than this deployment."""
    found = None
    if turn.doubt or ports.clock.now() - demand.ordered_at > OLD_AT_FIRST_SIGHT:
        found = ports.erp.find(demand.key)
        if found and found.ready:
            return found
    if not found and turn.seller and demand.ordered_at < turn.seller.go_live and not turn.accepted:
        raise Refused(BEFORE_GO_LIVE)
    if recipient is None:
        raise Refused(ROLE_MISSING)
    return ports.erp.create(demand, recipient)


def _handed(erp_order: ErpOrder, order: Order, known: Head, ports: Ports) -> Ending:
    """What came in meanwhile (a cancellation) is called for in the same write."""
    items = {line.item_id: line.quantity for line in order.lines if line.quantity}

    def decide(head: Head) -> Change | None:
        after = handed(head, erp_order.number, order.version, items)
        return Change(after, wanted(after), milestone="handed")

    ports.signals.note("handed to the ERP", order=known.key.order_id, erp=erp_order.number)
    return Ending(known, decide)
