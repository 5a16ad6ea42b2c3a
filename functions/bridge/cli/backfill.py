"""`bridge backfill`: ask for the orders of the past, and see how far they are and when they will be done."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bridge.cli import show
from bridge.cli.deployment import Deployment
from bridge.cli.seller import the_seller
from bridge.domain.backfill import BEFORE, Backfill, Outcome, Supply, live_period, pages_left, seconds_left
from bridge.domain.errors import NotNow, Refused
from bridge.domain.ids import Seller
from bridge.domain.pacing import Place, gap_of, micros
from bridge.domain.sellers import Mode, SellerRecord
from bridge.domain.times import read_time
from bridge.stores.quota import Quota

_DAY = len("2026-10-01")


def add_commands(commands: Any) -> None:
    parser = commands.add_parser("backfill", help="read the orders that changed since a day in the past")
    parser.add_argument("seller_id", help="the selling partner id (Merchant Token), like A3TH9S8BH6GOGM")
    parser.add_argument("--since", help="a day, like 2026-10-01, which begins at 0:00 UTC, or an ISO 8601 time")
    parser.add_argument("--region", choices=["na", "eu", "fe"])
    parser.add_argument("--orders", type=_count, help="how many there are, if you know: for a better estimate")
    parser.add_argument("--restart", action="store_true", help="begin anew, also when one is under way or done")
    parser.add_argument("--stop", action="store_true", help="read no further; asking again goes on")
    parser.add_argument("--watch", action="store_true", help="tell the progress every minute until it is done")
    parser.set_defaults(run=backfill)


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        msg = "a number of orders"
        raise ValueError(msg)
    return count


def backfill(deployment: Deployment, asked: argparse.Namespace) -> int:
    """1 when it has failed, or when there is none."""
    record = the_seller(deployment, asked.seller_id, asked.region)
    found = _stopped(deployment, record) if asked.stop else _asked_for(deployment, record, asked)
    if found is None:
        text = f"{record.seller} has no backfill; ask for one with --since 2026-10-01"
        show.answer(None, text, as_json=asked.json)
        return 1
    if asked.orders is not None:
        found = _surely(deployment.backfills.expect(found, asked.orders))
    tell(deployment, record, found, as_json=asked.json)
    try:
        while asked.watch and not found.outcome:
            deployment.clock.sleep(60)
            found = deployment.backfills.get(record.seller) or found
            tell(deployment, record, found, as_json=asked.json)
    except KeyboardInterrupt:
        return 0  # it goes on by itself
    return 1 if found.outcome is Outcome.FAILED else 0


def _stopped(deployment: Deployment, record: SellerRecord) -> Backfill | None:
    found = deployment.backfills.get(record.seller)
    return found if found is None or found.outcome else _surely(deployment.backfills.stop(found))


def _asked_for(deployment: Deployment, record: SellerRecord, asked: argparse.Namespace) -> Backfill | None:
    """The one that there is, going on if that was asked for, or a new one."""
    found = deployment.backfills.get(record.seller)
    now = deployment.clock.now()
    since = _since(asked.since, now) if asked.since else found.since if found else None
    if since is None or (found and not asked.since and not asked.restart):
        return found
    if found and found.since == since and not asked.restart:
        again = found.outcome in {Outcome.STOPPED, Outcome.FAILED}
        return _surely(deployment.backfills.go_on(found)) if again else found
    if found and not found.outcome and not asked.restart:
        msg = (
            f"a backfill since {_text(found.since)} is under way, {found.orders} orders are read; "
            "--stop ends it, --restart begins anew with your --since"
        )
        raise Refused(msg)
    counted, _ = _quota(deployment, record.seller)
    return _surely(deployment.backfills.ask(record.seller, since, searches=counted["n_sweep"], before=found))


def _since(text: str, now: datetime) -> datetime:
    since = read_time(f"{text}T00:00:00+00:00" if len(text) == _DAY else text)
    if since >= now - BEFORE:
        msg = (
            f"--since {text}: what changed in the last minutes or later is found without a backfill; name a day before"
        )
        raise Refused(msg)
    return since


def _surely(changed: Backfill | None) -> Backfill:
    if changed is None:
        msg = "the backfill ended, or another was asked for, at this very moment; look again with `bridge backfill`"
        raise NotNow(msg)
    return changed


def _quota(deployment: Deployment, seller: Seller) -> tuple[dict[str, int], Supply]:
    """Calls counted so far, and what there is of Amazon's quota of searches."""
    from bridge.spapi.orders_2026_01_01 import SEARCH_ORDERS as SEARCH

    quota, place, now = (
        Quota(deployment.table),
        Place(seller.region, seller.seller_id, SEARCH.name),
        deployment.clock.now(),
    )
    counted = quota.counted(place)
    bucket = quota.seen(place)
    gap = gap_of(bucket, SEARCH.limit)
    cursor = deployment.sellers.cursor(seller, "orders")
    supply = Supply(
        gap=gap / 1_000_000,
        burst=SEARCH.burst,
        used=max(bucket.tat - micros(now), 0) / gap,
        live_period=float(deployment.settings.orders_period_s),
        live_in=max((cursor.next - now).total_seconds(), 0.0) if cursor.next else 0.0,
    )
    if cursor.at:  # a search begins with its minute's sweep
        supply = replace(supply, sweep_in=(cursor.at - now) / timedelta(seconds=1) % 60)
    return counted, supply


def forecast(deployment: Deployment, found: Backfill) -> tuple[int | None, float | None, Supply]:
    """Pages left, seconds left, and what they were computed from; None where nobody can tell."""
    counted, supply = _quota(deployment, found.seller)
    elapsed, searches = deployment.clock.now() - found.asked, counted["n_sweep"] - found.searches
    supply = replace(supply, live_period=live_period(supply.live_period, searches, elapsed))
    pages = pages_left(found)
    return pages, None if pages is None else seconds_left(pages, supply), supply


def tell(deployment: Deployment, record: SellerRecord, found: Backfill, *, as_json: bool) -> None:
    value, text = report(deployment, record, found)
    show.answer(value, text, as_json=as_json)


def report(deployment: Deployment, record: SellerRecord, found: Backfill) -> tuple[dict[str, Any], str]:
    """For programs, and in one line for people."""
    pages, seconds, supply = forecast(deployment, found)
    state = str(found.outcome or (record.mode if record.mode in {Mode.PAUSED, Mode.NEEDS_CONSENT} else "under way"))
    value = {
        "seller": str(found.seller),
        "since": _text(found.since),
        "state": state,
        "reason": found.reason,
        "orders": found.orders,
        "pages": found.pages,
        "pages_left": pages,
        "estimated": found.expected <= found.orders,
        "seconds_left": None if seconds is None else round(seconds),
        "seconds_per_page": None if supply.page_s is None else round(supply.page_s, 1),
        "pages_at_once": supply.at_once,
    }
    done = f"{found.orders} orders on {found.pages} pages since {_text(found.since)}"
    return value, f"{found.seller}: {done}; {_outlook(deployment, value, supply)}"


def _outlook(deployment: Deployment, value: dict[str, Any], supply: Supply) -> str:
    waits = "waits, the seller is {state}: `bridge seller list`"
    words: dict[str, str] = {
        Outcome.DONE: "done: from here on the live search has it",
        Outcome.STOPPED: "stopped; --since {since} goes on",
        Outcome.FAILED: "failed: {reason}; when that is put right, --since {since} goes on",
        Mode.PAUSED: waits,
        Mode.NEEDS_CONSENT: waits,
    }
    if value["state"] in words:
        return words[value["state"]].format_map(value)
    if value["pages_left"] is None:
        return "under way; how many are left shows after the first pages, or tell with --orders"
    basis = "estimated from the dates read" if value["estimated"] else "by your --orders"
    left = f"about {value['pages_left']} pages left ({basis})"
    if value["seconds_left"] is None:
        period = f"one in {supply.live_period:.0f} s"
        return f"{left}; never done: the live searches, {period}, take the whole quota; raise orders_period_s"
    ready = deployment.clock.now() + timedelta(seconds=value["seconds_left"])
    pace = f"{supply.at_once} pages at once, then one in {supply.page_s or 0:.0f} s"
    return f"{left}, done in {timedelta(seconds=value['seconds_left'])} h, at {_text(ready)}: {pace}"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
