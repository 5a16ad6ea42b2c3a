"""Login with Amazon, access tokens, and the way in."""

from __future__ import annotations

import pytest

from local.simulator.exchange import Request
from local.simulator.gate import answer
from tests.unit.simulator.market import QUEUE, Market

PATH = "/sellers/v1/marketplaceParticipations"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "refresh_token", "client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "refresh_token", "client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "refresh_token", "refresh_token": "Atzr|no"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "everything"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
    ],
)
def test_refused(market: Market, form: dict[str, str], status: int, error: str) -> None:
    told = market.lwa(**form)
    assert (told.status, told.body["error"]) == (status, error)
    assert set(told.body) == {"error", "error_description"}


def test_a_revoked_seller(market: Market) -> None:
    token = market.token()
    market.admin("sellers/A1NA/revoke")
    told = market.lwa(grant_type="refresh_token", refresh_token=market.refresh_tokens["A1NA"])
    assert (told.status, told.body["error"]) == (400, "invalid_grant")
    assert market.call("GET", PATH, token=token).status == 403
    market.admin("sellers/A1NA/restore")
    assert market.call("GET", PATH, token=token).status == 200


def test_tokens_live_for_an_hour(market: Market) -> None:
    token = market.token()
    market.advance(3599)
    assert market.call("GET", PATH, token=token).status == 200
    market.advance(1)
    told = market.call("GET", PATH, token=token)
    assert (told.status, told.body["errors"][0]["code"]) == (403, "Unauthorized")
    assert "expired" in told.body["errors"][0]["details"]
    assert "x-amzn-RateLimit-Limit" not in told.headers


def test_two_secrets_are_valid_while_one_is_rotated(market: Market) -> None:
    market.admin("application", application_id="amzn1.sp.solution.a", client_id="client", client_secret="new")
    form = {"grant_type": "client_credentials", "scope": "sellingpartnerapi::notifications"}
    assert {market.lwa(**form, client_secret=secret).status for secret in ("secret", "new")} == {200}
    both = {"application_id": "amzn1.sp.solution.a", "client_id": "client", "client_secret": "new"}
    market.admin("application", **both, withdraw="secret")
    assert market.lwa(**form, client_secret="secret").body["error"] == "invalid_client"


def test_anothers_refresh_token(market: Market) -> None:
    market.admin("application", application_id="amzn1.sp.solution.b", client_id="other", client_secret="theirs")
    token = market.refresh_tokens["A1NA"]
    told = market.lwa(grant_type="refresh_token", refresh_token=token, client_id="other", client_secret="theirs")
    assert told.body["error"] == "unauthorized_client"


def test_headers_and_scopes_are_required(market: Market) -> None:
    assert answer(market.world, Request("GET", PATH, headers={"user-agent": "t"})).response.status == 403
    assert (
        answer(market.world, Request("GET", PATH, headers={"x-amz-access-token": market.token()})).response.status
        == 400
    )
    assert market.call("GET", PATH, token=market.grantless()).status == 403
    assert market.call("GET", "/notifications/v1/destinations", token=market.token()).status == 403
    assert market.call("GET", "/notifications/v1/destinations", token=market.grantless()).status == 200


def test_an_operation_that_is_not_there(market: Market) -> None:
    told = market.call("GET", "/catalog/2022-04-01/items")
    assert told.status == 501
    assert "/catalog/2022-04-01/items" in told.body["errors"][0]["details"]
    assert market.read("figures")["not_implemented"] == 1


def test_the_transcript_knows_no_secrets(market: Market) -> None:
    order_id = market.place()
    market.get_order(order_id, "BUYER", "RECIPIENT")
    [_, last] = market.read("transcript")
    assert last["operation"] == "getOrder"
    assert (last["order_id"], last["seller_id"], last["status"]) == (order_id, "A1NA", 200)
    assert last["included_data"] == ("BUYER", "RECIPIENT")
    assert market.world.canary not in str(market.read("transcript"))


def test_faults_are_used_up(market: Market) -> None:
    order_id = market.place()
    market.admin("faults", operation="confirmShipment", status=500, after_effect=True)
    assert market.confirm(order_id).status == 500
    assert market.read(f"orders/{order_id}")["status"] == "SHIPPED"
    assert market.confirm(order_id).status == 204
    market.admin("faults", operation="token", status=503, times=2)
    form = {"grant_type": "client_credentials", "scope": "sellingpartnerapi::notifications"}
    assert [market.lwa(**form).status for _ in range(3)] == [503, 503, 200]
    assert market.admin_response("faults", operation="getOrder", status="explode").status == 400


def test_destinations_and_subscriptions(market: Market) -> None:
    market.subscribe("A1NA")
    grantless, path = market.grantless(), "/notifications/v1/subscriptions/ORDER_CHANGE"
    again = {"name": "other", "resourceSpecification": {"sqs": {"arn": QUEUE}}}
    assert market.call("POST", "/notifications/v1/destinations", token=grantless, body=again).status == 409
    fifo = {"name": "fifo", "resourceSpecification": {"sqs": {"arn": f"{QUEUE}.fifo"}}}
    assert market.call("POST", "/notifications/v1/destinations", token=grantless, body=fifo).status == 400
    own = market.call("GET", path).body["payload"]
    assert market.call("GET", path, token=market.token("A1EU")).status == 404
    body = {"payloadVersion": "1.0", "destinationId": own["destinationId"]}
    assert market.call("POST", path, body=body).status == 409
    assert market.call("POST", path, token=market.token("A1EU"), body={**body, "payloadVersion": "2"}).status == 400
    assert market.call("POST", path, token=market.token("A1EU"), body={**body, "destinationId": "no"}).status == 404
    one = f"{path}/{own['subscriptionId']}"
    assert market.call("GET", one, token=grantless).body["payload"] == own
    destination = f"/notifications/v1/destinations/{own['destinationId']}"
    assert market.call("DELETE", destination, token=grantless).status == 409
    assert market.call("DELETE", one, token=grantless).status == 200
    assert market.call("DELETE", destination, token=grantless).status == 200
    assert market.call("GET", destination, token=grantless).status == 404
