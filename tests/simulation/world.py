"""Everything together: one table, four queues, the functions on their schedules, Amazon, and the ERP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bridge.domain.errors import BridgeError
from bridge.domain.ids import EU, NA, MarketplaceId, Seller, SellerId
from bridge.domain.sellers import Mode, SellerRecord
from bridge.stores.sellers import Sellers
from tests.simulation import lambdas, table
from tests.simulation.amazon import Amazon
from tests.simulation.calls import Calls
from tests.simulation.clock import START, Hub
from tests.simulation.erp import Connector, Erp
from tests.simulation.foresight import Foresight
from tests.simulation.orders import DE
from tests.simulation.queue import Client, Queue
from tests.simulation.strand import Strand
from tests.simulation.weather import Weather
from tests.simulation.web import Web

EVERY_S = 60.0
IDLE_RUN = 0.01
"""Share of the idle sweeps that are run all the same."""
ONE_SELLER = (Seller(EU, SellerId("A1ONE")),)
TWO_SELLERS = (*ONE_SELLER, Seller(NA, SellerId("A2TWO")))
TWINS = (*ONE_SELLER, Seller(NA, SellerId("A1ONE")))
"""One selling partner id in two regions."""


@dataclass
class World:
    """`thorough` runs also those sweeps that can be seen to find nothing; others run one in a hundred of them."""

    weather: Weather
    sellers: Sequence[Seller] = ONE_SELLER
    thorough: bool = False
    idle_s: float = 180.0
    swept: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(("due", "orders", "shipments"), True))
    """Sweep → whether the scheduler calls it."""

    def __post_init__(self) -> None:
        self.hub = Hub()
        self.calls = Calls(self.hub, self.weather)
        lag = self.weather.within(0, 1) * self.weather.rates.index_lag
        self.items = table.World(lambda: self.hub.now, lag, copies=self.thorough)
        self.queues = {
            name: Queue(self.hub, self.weather, batch=batch, name=name)
            for name, batch in {"inbox": lambdas.INBOX_BATCH, **lambdas.LANES, "lines": 1}.items()
        }
        self.amazon = Amazon(self.hub, self.weather, self.queues["inbox"].send)
        self.erp = Erp(self.hub)
        self.signals = lambdas.Signals()
        self.outside = lambdas.Outside(
            hub=self.hub,
            weather=self.weather,
            table=table.Table(self.items, self.calls),
            sqs=Client(self.queues, self.calls),
            web=Web(self.amazon, self.calls),
            erp=Connector(self.erp, self.calls),
            signals=self.signals,
            rhythm=replace(lambdas.RHYTHM, orders_idle=timedelta(seconds=self.idle_s)),
        )
        self._deploy()
        self.foresight = Foresight(self)

    def _deploy(self) -> None:
        self.api = lambdas.api_function(self.outside)
        self.queues["inbox"].function = lambdas.inbox_function(self.outside)
        for lane in lambdas.LANES:
            self.queues[lane].function = lambdas.lane_function(self.outside, lane)
        self.sweeps = {name: lambdas.sweep_function(self.outside, name) for name in self.swept}
        self.queues["lines"].function = self.sweeps["orders"]
        self.strands_failed: list[str] = []
        self.stopped = False
        records = Sellers(self.outside.table, lambdas.WorkerClock(self.hub))
        for seller in self.sellers:
            subscription = f"sub-{seller.region}"
            self.amazon.subscriptions[seller] = subscription
            marketplaces = (MarketplaceId(DE[seller.region][0]),)
            go_live = START - timedelta(hours=1)
            records.put(SellerRecord(seller, marketplaces, Mode.LIVE, go_live, {"ORDER_CHANGE": subscription}))
        for name, offset in (("due", 31.0), ("orders", 7.0), ("shipments", 19.0)):
            self.hub.at(offset, lambda name=name: self._tick(name))  # type: ignore[misc]

    def silence(self) -> None:
        """No sweep runs."""
        self.swept = dict.fromkeys(self.swept, False)

    def stop(self, since: float, until: float) -> None:
        """Nothing of ours runs between these seconds; what lies in a queue is too old then."""
        for queue in self.queues.values():
            self.hub.at(since, queue.stop)
            self.hub.at(until, queue.go_on)
        self.hub.at(since, lambda: setattr(self, "stopped", True))
        self.hub.at(until, lambda: setattr(self, "stopped", False))

    def restore(self, taken: float, since: float, until: float) -> None:
        """The table is lost, and put back as it was at `taken`; nothing of ours runs from `since` to `until`."""
        self.stop(since, until)
        kept: list[table.Partitions] = []

        def put_back() -> None:
            self.items.put_back(kept[0])
            self.amazon.unseen.update(self.amazon.orders)
            self.erp.newest.update(self.erp.deliveries)

        self.hub.at(taken, lambda: kept.append(self.items.snapshot()))
        self.hub.at(until - 1, put_back)

    def revoke(self, seller: Seller, since: float, until: float) -> None:
        """The seller takes the consent back, and gives it again; then the operator resumes, as the CLI does."""
        revoked = self.outside.web.revoked

        def given_again() -> None:
            revoked.discard(seller)
            operator = lambdas.ports(self.outside)
            operator.sellers.set_mode(seller, Mode.LIVE)  # type: ignore[attr-defined]
            operator.send(operator.desk.resume(seller))

        self.hub.at(since, lambda: revoked.add(seller))
        self.hub.at(until, given_again)

    def _tick(self, name: str) -> None:
        self.hub.after(EVERY_S, lambda: self._tick(name))
        if not self.stopped and self.swept[name] and (self.thorough or self._comes(name)):
            self.sweeps[name].invoke({}, self._ended)

    def _comes(self, name: str) -> bool:
        if self.foresight.promising[name]():
            return not self.weather.happens(self.weather.rates.sweep_missed)
        return self.weather.happens(IDLE_RUN)

    def _ended(self, strand: Strand) -> None:
        if strand.error is not None and not isinstance(strand.error, BridgeError):
            self.strands_failed.append(f"{strand.name}: {strand.error!r}")

    @property
    def waiting(self) -> int:
        """Messages that are not done with."""
        return sum(queue.unfinished for queue in self.queues.values())

    def unfinished(self) -> list[str]:
        """Work in the table that is still to be done."""
        return [
            f"{key.pk} {key.sk} due {due}"
            for shard, entries in self.items.index.items()
            if shard.startswith(("D#", "L#"))
            for key, due in entries.items()
        ]
