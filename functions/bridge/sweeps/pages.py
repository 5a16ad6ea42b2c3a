"""One page of a search of orders: facts are stored, work is called for, and who waits for less is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from bridge.domain.errors import BridgeError
from bridge.domain.ids import OrderKey, Seller
from bridge.domain.lifecycle import FETCH_ORDER, HAND_TO_ERP, Change, Head
from bridge.domain.lines import BY_ORDER, Line
from bridge.domain.orders import Order
from bridge.domain.readings import Page
from bridge.domain.work import Work
from bridge.ports import Ports

Taken = tuple[Head, tuple[Work, ...]]


class _Step(NamedTuple):
    key: OrderKey
    take: Callable[[], Taken]


def fold_page(seller: Seller, page: Page, ports: Ports, *, bugs: list[Exception], in_line: bool = True) -> int:
    """How much work the page called for. Whoever waits `in_line` already is not called again.

    What meets a bug of ours is added to `bugs`, and its order read by itself: the pages behind it need not wait until
    that is mended. Whoever calls raises it, once the page is noted.
    """
    works, failures = 0, list[Exception]()
    known = ports.orders.several([OrderKey(*seller, order.order_id) for order in page.orders])
    line = Line(seller, BY_ORDER)
    waiting = ports.lines.pending(line, [head.key for head in known]) if in_line else {}
    steps = [_folding(head, order, waiting, ports) for head, order in zip(known, page.orders, strict=True)]
    # Reading it by itself either succeeds, or parks it where a later version can try again.
    steps += [_by_itself(OrderKey(*seller, order_id), ports) for order_id in page.unreadable]
    for step in steps:
        try:
            head, called = _taken(step, bugs, ports)
        except Exception as error:  # noqa: BLE001 - the page comes again, but the other orders need not wait for that
            failures.append(error)
            continue
        ports.send(called)
        works += len(called)
        reading = Work(FETCH_ORDER, head.key)
        if reading in waiting and head.up_to_date:
            ports.lines.leave(line, reading, waiting[reading])
    if failures:
        # A bug, if there is one: it calls a human.
        raise min([*bugs, *failures], key=lambda error: isinstance(error, BridgeError))
    return works


def _taken(step: _Step, bugs: list[Exception], ports: Ports) -> Taken:
    try:
        return step.take()
    except BridgeError:
        raise
    except Exception as bug:  # noqa: BLE001 - raised by whoever called, after the others
        bugs.append(bug)
        return _by_itself(step.key, ports).take()


def _folding(head: Head, order: Order, waiting: Mapping[Work, int], ports: Ports) -> _Step:
    handling = HAND_TO_ERP if Work(HAND_TO_ERP, head.key) in waiting else ""
    return _Step(head.key, partial(ports.orders.fold, head.key, order, handling=handling, known=head))


def _by_itself(key: OrderKey, ports: Ports) -> _Step:
    return _Step(key, partial(ports.orders.change, key, _fetch))


def _fetch(head: Head) -> Change:
    return Change(head, (FETCH_ORDER,))
