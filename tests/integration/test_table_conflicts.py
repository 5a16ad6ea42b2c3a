"""DynamoTable on bad days: the whole suite while every write collides at first, and what comes of lost answers.

What a repeated write answers here is what the simulated world assumes: a single write that was carried out and not
answered is sent again by the SDK and carried out again; a transaction is sent again under its token, and is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bridge.domain.errors import Unavailable
from bridge.stores.dynamodb import DynamoTable
from bridge.stores.table import Absent, Compare, ConditionFailed, Key, Put, Table, Update, Write, equals
from bridge.wiring import AWS
from local.emulator import server
from tests.contract.table_kit import StrictTableKit, create_table
from tests.integration.proxy import Fate, Proxy, before, first_attempts_conflict, told_apart

pytestmark = pytest.mark.emulator
PASS, CONFLICT, LOST, UNANSWERED = Fate.PASS, Fate.CONFLICT, Fate.LOST, Fate.UNANSWERED


@pytest.fixture(scope="module")
def proxy(emulator: server.Running) -> Iterator[Proxy]:
    with before(emulator.url) as made:
        yield made


@pytest.fixture(scope="module")
def behind_proxy(proxy: Proxy) -> Table:
    """As production makes its client, but for the number of connections."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=proxy.url,
        region_name=server.REGION,
        aws_access_key_id=server.ACCOUNT,
        aws_secret_access_key="local",
        config=AWS.merge(Config(max_pool_connections=20)),
    )
    create_table(client, "bad-days")
    return DynamoTable(told_apart(client), "bad-days", sleep=lambda _: None)


class TestWhileEveryWriteCollidesAtFirst(StrictTableKit):
    @pytest.fixture
    def table(self, behind_proxy: Table, proxy: Proxy) -> Iterator[Table]:
        proxy.plan = first_attempts_conflict()
        proxy.seen.clear()
        yield behind_proxy
        assert proxy.fates.count(CONFLICT) == proxy.fates.count(PASS)


@pytest.fixture
def table(behind_proxy: Table, proxy: Proxy) -> Table:
    proxy.follow()
    return behind_proxy


@pytest.fixture
def key(request: pytest.FixtureRequest) -> Key:
    return Key(request.node.name, "A")


def put(table: Table, key: Key) -> Any:
    return table.put(Put(key, {"by": "me"}, Absent("pk")))


def update(table: Table, key: Key) -> Any:
    return table.update(Update(key, add={"n": 1}))


def delete(table: Table, key: Key) -> Any:
    return table.delete(key)


def transact(table: Table, key: Key) -> Any:
    writes: list[Write] = [Put(key, {"by": "me"}, Absent("pk")), Update(Key(key.pk, "B"), add={"n": 1})]
    return table.transact(writes)


WAYS: list[Callable[[Table, Key], Any]] = [put, update, delete, transact]


@pytest.mark.parametrize("way", WAYS)
def test_three_collisions_are_borne(table: Table, proxy: Proxy, key: Key, way: Callable[[Table, Key], Any]) -> None:
    proxy.follow(CONFLICT, CONFLICT, CONFLICT)
    way(table, key)
    assert proxy.fates == [CONFLICT, CONFLICT, CONFLICT, PASS]


@pytest.mark.parametrize("way", WAYS)
def test_collisions_on_and_on_are_unavailable(
    table: Table, proxy: Proxy, key: Key, way: Callable[[Table, Key], Any]
) -> None:
    proxy.plan = lambda _: CONFLICT
    with pytest.raises(Unavailable, match="keep colliding"):
        way(table, key)
    assert proxy.fates == [CONFLICT] * 4
    proxy.follow()
    assert table.query(key.pk) == []


@pytest.mark.parametrize("fate", [Fate.THROTTLED, Fate.OVERLOADED, Fate.BROKEN, LOST])
def test_what_the_sdk_bears_twice_is_unavailable_the_third_time(
    table: Table, proxy: Proxy, key: Key, fate: Fate
) -> None:
    proxy.follow(fate, fate, fate, fate)
    with pytest.raises(Unavailable, match=r"^DynamoDB: ") as unavailable:
        put(table, key)
    assert "canary" not in str(unavailable.value)
    assert proxy.fates == [fate] * 3
    assert table.get(key) is None


def test_a_transaction_that_is_still_in_progress_is_asked_for_again(table: Table, proxy: Proxy, key: Key) -> None:
    proxy.follow(Fate.IN_PROGRESS)
    transact(table, key)
    assert proxy.fates == [Fate.IN_PROGRESS, PASS]
    assert len({request.token for request, _ in proxy.seen}) == 1


def test_a_write_that_never_arrived_is_sent_again(table: Table, proxy: Proxy, key: Key) -> None:
    proxy.follow(LOST)
    put(table, key)
    assert proxy.fates == [LOST, PASS]
    assert (table.get(key) or {})["by"] == "me"


def test_an_unanswered_conditional_write_meets_itself(table: Table, proxy: Proxy, key: Key) -> None:
    """It is carried out, and says that it was not: callers read again, or let the lease run out."""
    proxy.follow(UNANSWERED)
    with pytest.raises(ConditionFailed) as failed:
        put(table, key)
    assert proxy.fates == [UNANSWERED, PASS]
    assert failed.value.item == table.get(key) == {**key._asdict(), "by": "me"}


def test_an_unanswered_increment_is_counted_twice(table: Table, proxy: Proxy, key: Key) -> None:
    proxy.follow(UNANSWERED)
    assert update(table, key)["n"] == 2


def test_an_unanswered_transaction_is_carried_out_once(table: Table, proxy: Proxy, key: Key) -> None:
    proxy.follow(UNANSWERED)
    transact(table, key)
    assert proxy.fates == [UNANSWERED, PASS]
    assert [request.token for request, _ in proxy.seen if request.token] == [proxy.seen[0][0].token] * 2
    assert [item.get("n", item.get("by")) for item in table.query(key.pk)] == ["me", 1]


def test_a_transaction_keeps_its_token_over_collisions(table: Table, proxy: Proxy, key: Key) -> None:
    """An attempt that was believed lost may still land between the later ones: under one token it counts once."""
    proxy.follow(UNANSWERED, CONFLICT, CONFLICT)
    transact(table, key)
    assert proxy.fates == [UNANSWERED, CONFLICT, CONFLICT, PASS]
    assert len({request.token for request, _ in proxy.seen}) == 1
    assert (table.get(Key(key.pk, "B")) or {})["n"] == 1


def test_two_transactions_are_told_apart(table: Table, proxy: Proxy, key: Key) -> None:
    for _ in range(2):
        table.transact([Update(key, add={"n": 1}), Update(Key(key.pk, "B"), add={"n": 1})])
    assert len({request.token for request, _ in proxy.seen}) == 2
    assert [item["n"] for item in table.query(key.pk)] == [2, 2]


def test_a_condition_that_is_false_stays_false_under_its_token(table: Table, proxy: Proxy, key: Key) -> None:
    """The first attempt was refused and its answer lost: the second is decided anew."""
    table.put(Put(key, {"n": 1}))
    proxy.follow(UNANSWERED)
    with pytest.raises(ConditionFailed) as failed:
        table.transact([Update(key, set={"n": 2}, when=equals("n", 9))])
    assert failed.value.item == table.get(key) == {**key._asdict(), "n": 1}


def test_sixteen_threads_sell_fifty_units_while_answers_are_lost(table: Table, proxy: Proxy, key: Key) -> None:
    """Every seventh transaction stays unanswered, every third collides; what was sold was sold once."""
    table.put(Put(key, {"units": 50}))
    count = iter(range(10**6))

    def plan(request: Any) -> Fate:
        if request.operation != "TransactWriteItems":
            return PASS
        n = next(count)
        return UNANSWERED if n % 7 == 3 else CONFLICT if n % 3 == 1 else PASS

    proxy.plan = plan

    def sell(thread: int) -> int:
        receipts = [Put(Key(key.pk, f"R#{thread:02}-{n}"), {}, Absent("pk")) for n in range(5)]
        return sum(_sold(table, key, receipt) for receipt in receipts)

    with ThreadPoolExecutor(16) as pool:
        sold = sum(pool.map(sell, range(16)))
    proxy.follow()
    assert (table.get(key) or {})["units"] == 0
    assert len(table.query(key.pk, "R#")) == sold == 50


def _sold(table: Table, stock: Key, receipt: Put) -> bool:
    """Until there is an answer. Whoever heard `Unavailable` is in doubt, and looks."""
    doubt = False
    while True:
        try:
            table.transact([Update(stock, add={"units": -1}, when=Compare("units", ">", 0)), receipt])
        except ConditionFailed:
            return doubt and table.get(receipt.key) is not None
        except Unavailable:
            doubt = True
        else:
            return True
