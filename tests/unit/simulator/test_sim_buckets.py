"""Amazon's usage plans as the simulator keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from local.simulator.buckets import LIMITS, Buckets
from tests.unit.simulator.market import Market

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_burst_then_one_per_period() -> None:
    buckets, key = Buckets(), ("app", "seller", "getOrder")
    assert [buckets.take(key, NOW) for _ in range(31)] == [True] * 30 + [False]
    assert not buckets.take(key, NOW + timedelta(seconds=1.9))
    assert buckets.take(key, NOW + timedelta(seconds=2))
    assert not buckets.take(key, NOW + timedelta(seconds=2))


def test_never_more_than_the_burst() -> None:
    buckets, key = Buckets(), ("app", "seller", "searchOrders")
    assert buckets.take(key, NOW)
    later = NOW + timedelta(days=9)
    assert sum(buckets.take(key, later) for _ in range(50)) == LIMITS["searchOrders"].burst


def test_sellers_and_operations_have_their_own() -> None:
    buckets = Buckets()
    for _ in range(15):
        assert buckets.take(("app", "a", "getMarketplaceParticipations"), NOW)
    assert not buckets.take(("app", "a", "getMarketplaceParticipations"), NOW)
    assert buckets.take(("app", "b", "getMarketplaceParticipations"), NOW)
    assert buckets.take(("app", "a", "getOrder"), NOW)
    assert buckets.take(("other", "a", "getMarketplaceParticipations"), NOW)


def test_a_refusal_has_the_envelope_no_limit_header_and_is_counted(market: Market) -> None:
    token, path = market.token(), "/sellers/v1/marketplaceParticipations"
    granted = [market.call("GET", path, token=token) for _ in range(15)]
    assert {response.status for response in granted} == {200}
    assert granted[0].headers["x-amzn-RateLimit-Limit"] == "0.016"
    refused = market.call("GET", path, token=token)
    assert refused.status == 429
    assert refused.body["errors"][0]["code"] == "QuotaExceeded"
    assert not {"x-amzn-RateLimit-Limit", "Retry-After"} & set(refused.headers)
    assert market.read("figures")["http_429"] == 1
    market.advance(62.5)
    assert market.call("GET", path, token=token).status == 200
