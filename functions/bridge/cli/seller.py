"""`bridge seller …`: connect a seller, and decide what may be done for one."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.cli import show
from bridge.cli.deployment import Deployment
from bridge.domain.errors import Misconfigured, NotAllowed, Refused
from bridge.domain.ids import REGION_OF_MARKETPLACE, MarketplaceId, Region, Seller, SellerId
from bridge.domain.sellers import Mode, SellerRecord
from bridge.domain.times import read_time
from bridge.reactions import ROUTES

_MODES = {"resume": Mode.LIVE, "pause": Mode.PAUSED, "dry-run": Mode.DRY_RUN}


def add_commands(commands: Any) -> None:
    parser = commands.add_parser("seller", help="connect, pause, resume or list sellers")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser(
        "add", help="connect a self-authorised seller; the refresh token comes from standard input"
    )
    add.add_argument("seller_id", help="the selling partner id (Merchant Token), like A3TH9S8BH6GOGM")
    add.add_argument("--region", choices=["na", "eu", "fe"], required=True)
    add.add_argument(
        "--marketplace", action="append", default=[], help="marketplace id; repeat; default: all Amazon names"
    )
    add.add_argument("--go-live", help="orders created before this time (ISO 8601) stay the old system's; default: now")
    add.add_argument("--take-over", action="store_true", help="move subscriptions here that go to another queue")
    add.add_argument("--dry-run", action="store_true", help="observe and decide, write nothing outward, until `resume`")
    add.set_defaults(run=add_seller)
    actions.add_parser("list", help="every seller and its mode").set_defaults(run=list_sellers)
    for action, mode in _MODES.items():
        parser = actions.add_parser(action, help=f"set the seller's mode to {mode}")
        parser.add_argument("seller_id")
        parser.add_argument("--region", choices=["na", "eu", "fe"])
        parser.set_defaults(run=set_mode)


def add_seller(deployment: Deployment, asked: argparse.Namespace) -> int:
    """Token into Secrets Manager, then destination and subscriptions at Amazon, then the record that makes it live."""
    from bridge.spapi import notifications_v1, sellers_v1

    seller = Seller(Region(asked.region), SellerId(asked.seller_id))
    go_live = read_time(asked.go_live) if asked.go_live else deployment.clock.now()
    client = _with_token(deployment, seller, _token_from_input())
    marketplaces = _marketplaces(asked.marketplace, seller) or sellers_v1.marketplaces(client, seller)
    destination = notifications_v1.destination(client, seller, deployment.outputs["NotificationsQueueArn"])
    subscriptions = {
        kind: notifications_v1.subscription(client, seller, kind, destination, take_over=asked.take_over)
        for kind, route in ROUTES.items()
        if route.transport == "SQS"
    }
    known = deployment.sellers.get(seller)
    record = SellerRecord(
        seller=seller,
        marketplaces=marketplaces,
        mode=Mode.DRY_RUN if asked.dry_run else Mode.LIVE,
        go_live=known.go_live if known and not asked.go_live else go_live,
        subscriptions=subscriptions,
        connected=known.connected if known else deployment.clock.now(),
    )
    deployment.sellers.put(record)
    resumed = 0 if asked.dry_run else _resume(deployment, seller)
    subscribed = ", ".join(subscriptions)
    text = f"{seller} is connected ({record.mode}), {len(marketplaces)} marketplaces, subscribed to {subscribed}"
    show.answer({**_row(record), "resumed": resumed}, text, as_json=asked.json)
    return 0


def _with_token(deployment: Deployment, seller: Seller, token: str) -> Any:
    """A client whose token for the seller works; a token that does not is not kept in place of the last one."""
    before = _stored_token(deployment, seller)
    _store_token(deployment, seller, token)
    client = deployment.spapi()
    try:
        client.tokens.for_seller(seller, fresh=True)
    except NotAllowed:
        if before:
            _store_token(deployment, seller, before)
        raise
    return client


def _token_from_input() -> str:
    if sys.stdin.isatty():
        print("Paste the refresh token (Atzr|…) and press Enter:", file=sys.stderr)
    token = sys.stdin.readline().strip()
    if not token:
        msg = "no refresh token on standard input; try `bridge seller add … < token.txt`"
        raise Refused(msg)
    return token


def _marketplaces(asked: list[str], seller: Seller) -> tuple[MarketplaceId, ...]:
    for marketplace in asked:
        region = REGION_OF_MARKETPLACE.get(MarketplaceId(marketplace))
        if region != seller.region:
            msg = f"{marketplace} is not a marketplace of region {seller.region}"
            raise Refused(msg)
    return tuple(MarketplaceId(marketplace) for marketplace in asked)


def _stored_token(deployment: Deployment, seller: Seller) -> str:
    secrets = deployment.client("secretsmanager")
    try:
        value = secrets.get_secret_value(SecretId=_secret_name(deployment, seller))["SecretString"]
    except secrets.exceptions.ResourceNotFoundException:
        return ""
    return str(json.loads(value)["refresh_token"])


def _secret_name(deployment: Deployment, seller: Seller) -> str:
    return f"{deployment.settings.seller_secrets}{seller.region}/{seller.seller_id}"


def _store_token(deployment: Deployment, seller: Seller, token: str) -> None:
    secrets = deployment.client("secretsmanager")
    name = _secret_name(deployment, seller)
    value = json.dumps({"refresh_token": token})
    try:
        secrets.put_secret_value(SecretId=name, SecretString=value)
    except secrets.exceptions.ResourceNotFoundException:
        key = deployment.outputs.get("SecretsKeyArn")
        description = f"refresh token of Amazon seller {seller}"
        secrets.create_secret(
            Name=name, SecretString=value, Description=description, **({"KmsKeyId": key} if key else {})
        )


def list_sellers(deployment: Deployment, asked: argparse.Namespace) -> int:
    rows = [_row(record) for record in deployment.sellers.all()]
    columns = ("seller", "mode", "marketplaces", "go_live", "reason")
    show.answer(rows, show.table(rows, columns, "no seller yet: `bridge seller add`"), as_json=asked.json)
    return 0


def set_mode(deployment: Deployment, asked: argparse.Namespace) -> int:
    mode = _MODES[asked.action]
    record = replace(the_seller(deployment, asked.seller_id, asked.region), mode=mode, reason="")
    deployment.sellers.set_mode(record.seller, mode)
    resumed = _resume(deployment, record.seller) if mode is not Mode.PAUSED else 0
    show.answer(
        {**_row(record), "resumed": resumed},
        f"{record.seller} is {mode}; {resumed} pieces of work go on",
        as_json=asked.json,
    )
    return 0


def the_seller(deployment: Deployment, seller_id: str, region: str | None) -> SellerRecord:
    """The only one of this id, in this region if one is named; Misconfigured when there are others, or none."""
    records = [record for record in deployment.sellers.named(seller_id) if region in {None, record.seller.region}]
    if len(records) != 1:
        msg = f"{len(records)} sellers match {seller_id}; `bridge seller list`, and name the --region"
        raise Misconfigured(msg)
    return records[0]


def _resume(deployment: Deployment, seller: Seller) -> int:
    works = deployment.desk.resume(seller)
    for work in works:
        deployment.queue.send(work)
    return len(works)


def _row(record: SellerRecord) -> dict[str, Any]:
    return {
        "seller": str(record.seller),
        "mode": str(record.mode),
        "marketplaces": " ".join(record.marketplaces),
        "go_live": _text(record.go_live),
        "subscriptions": record.subscriptions,
        "reason": record.reason,
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
