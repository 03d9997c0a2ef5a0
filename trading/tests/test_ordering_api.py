"""The doors of orders: one's own, exact, once, and never past the guard."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from ledgers.tests.factories import PASSWORD
from ledgers.tests.redis_keys import forget, without_redis
from trading.core.cases import Code
from trading.killing import is_engaged
from trading.models import OrderIntent
from trading.tests.factories import make_user
from trading.tests.market import bought, paper_account, quote

pytestmark = pytest.mark.usefixtures("ledger")
ORDERS, RISK, KILL = (f"/api/v1/trading/{name}/" for name in ("orders", "risk", "kill"))


@pytest.fixture
def account() -> Any:
    quote("990", "1000")
    return paper_account()


@pytest.fixture
def client(account: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(account.user)
    return client


def asked(account: Any, /, **options: Any) -> dict[str, Any]:
    """Return the body of an order for a tenth of a bitcoin."""
    body = {
        "account": account.pk,
        "client_id": "first",
        "side": "buy",
        "base": "BTC",
        "quantity": "0.1",
        "limit": "1000",
    }
    return {**body, **options}


def test_an_order_is_placed_once_and_shown(account: Any, client: APIClient) -> None:
    made = client.post(ORDERS, asked(account), format="json")
    assert made.status_code == 201
    body = made.json()
    assert (body["state"], body["mode"], body["quantity"]) == ("accepted", "paper", "0.1")
    assert body["reserved"] == "100.1"
    again = client.post(ORDERS, asked(account), format="json")
    assert (again.status_code, again.json()["id"]) == (200, body["id"])
    assert [row["id"] for row in client.get(ORDERS).json()["results"]] == [body["id"]]
    assert client.get(f"{ORDERS}{body['id']}/").json()["client_id"] == "first"


def test_the_same_client_id_for_another_order_is_a_conflict(
    account: Any, client: APIClient
) -> None:
    client.post(ORDERS, asked(account), format="json")
    other = client.post(ORDERS, asked(account, side="sell"), format="json")
    assert other.status_code == 409
    assert "another side" in other.json()["detail"]
    assert OrderIntent.objects.count() == 1


def test_a_denied_order_is_kept_with_its_code(account: Any, client: APIClient) -> None:
    made = client.post(ORDERS, asked(account, quantity="5"), format="json").json()
    assert (made["state"], made["code"]) == ("denied", Code.MAX_ORDER)
    assert "greatest order" in made["reason"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("side", "hold"),
        ("quantity", "NaN"),
        ("quantity", "-1"),
        ("quantity", "1e99"),
        ("quantity", "1" * 70),
        ("limit", "cheap"),
        ("client_id", "two words"),
        ("client_id", ""),
        ("state", "filled"),
        ("user", 1),
        ("account", "mine"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_by_the_field(
    account: Any, client: APIClient, name: str, value: Any
) -> None:
    answer = client.post(ORDERS, asked(account, **{name: value}), format="json")
    assert answer.status_code == 400
    assert name in str(answer.json())
    assert OrderIntent.objects.count() == 0


def test_an_account_that_takes_no_orders_says_so(account: Any, client: APIClient) -> None:
    account.venue = "csv"
    account.save()
    answer = client.post(ORDERS, asked(account), format="json")
    assert answer.status_code == 400
    assert "takes no orders" in str(answer.json())


def test_orders_and_accounts_of_others_are_as_good_as_absent(
    account: Any, client: APIClient
) -> None:
    made = client.post(ORDERS, asked(account), format="json").json()
    stranger = APIClient()
    stranger.force_authenticate(make_user("eve"))
    assert stranger.get(ORDERS).json()["results"] == []
    assert stranger.get(f"{ORDERS}{made['id']}/").status_code == 404
    assert stranger.post(f"{ORDERS}{made['id']}/cancel/").status_code == 404
    assert stranger.post(ORDERS, asked(account), format="json").status_code == 404
    assert stranger.get(RISK, {"account": account.pk}).status_code == 404
    body = {"account": account.pk, "engage": True, "reason": "mischief"}
    assert stranger.post(KILL, body, format="json").status_code == 404
    assert not is_engaged(account.pk)


@pytest.mark.parametrize("path", [ORDERS, RISK])
def test_nobody_reads_without_logging_in(account: Any, path: str) -> None:
    assert APIClient().get(path).status_code == 401


@pytest.mark.parametrize("path", [ORDERS, KILL])
def test_nobody_writes_without_logging_in(account: Any, path: str) -> None:
    assert APIClient().post(path, asked(account), format="json").status_code == 401


def test_an_order_is_cancelled_and_then_ended(account: Any, client: APIClient) -> None:
    made = client.post(ORDERS, asked(account), format="json").json()
    answer = client.post(f"{ORDERS}{made['id']}/cancel/")
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    assert client.post(f"{ORDERS}{made['id']}/cancel/").status_code == 409


def test_limits_and_decisions_can_be_read(account: Any, client: APIClient) -> None:
    client.post(ORDERS, asked(account), format="json")
    said = client.get(RISK, {"account": account.pk}).json()
    assert (said["is_stopped"], said["is_live"]) == (False, False)
    assert said["limits"]["max_order"] == "500"
    (entry,) = said["trail"]
    assert entry["kind"] == "decision"
    assert any(one.startswith("glass.quote.coinspot~BTC") for one in entry["said"]["looked_at"])


def test_orders_and_limits_say_how_well_the_account_is_looked_at(
    account: Any, client: APIClient
) -> None:
    for path, question in ((ORDERS, {}), (RISK, {"account": account.pk})):
        said = client.get(path, question).json()
        assert said["as_of"] <= said["horizon"]
        assert [one["feed"] for one in said["quality"]["feeds"]] == [f"import_omc/{account.pk}"]
        assert said["coverage"]["presence"] == "value"


def test_without_an_account_nobody_looked_for_orders(account: Any) -> None:
    stranger = APIClient()
    stranger.force_authenticate(make_user("eve"))
    said = stranger.get(ORDERS).json()
    assert (said["results"], said["quality"]["state"]) == ([], "unknown")
    assert said["coverage"]["presence"] == "not_observed"


def test_stopping_an_account_cancels_its_orders_and_says_of_each(
    account: Any, client: APIClient
) -> None:
    made = client.post(ORDERS, asked(account), format="json").json()
    body = {"account": account.pk, "engage": True, "reason": "looks odd"}
    said = client.post(KILL, body, format="json").json()
    assert said["is_engaged"]
    assert said["orders"] == [
        {
            "id": made["id"],
            "client_id": "first",
            "state": "cancelled",
            "is_stopped": True,
            "message": "",
        }
    ]
    denied = client.post(ORDERS, asked(account, client_id="second"), format="json").json()
    assert denied["code"] == Code.KILL_SWITCH


def test_letting_orders_through_again_takes_a_password_and_a_reason(
    account: Any, client: APIClient
) -> None:
    client.post(KILL, {"account": account.pk, "engage": True, "reason": "odd"}, format="json")
    body = {"account": account.pk, "engage": False, "reason": "checked"}
    assert client.post(KILL, body, format="json").status_code == 403
    body["password"] = PASSWORD
    assert client.post(KILL, {**body, "reason": " "}, format="json").status_code == 400
    assert client.post(KILL, body, format="json").json()["is_engaged"] is False
    assert not is_engaged(account.pk)


def test_security_the_password_that_lets_orders_through_is_not_guessed(
    account: Any, client: APIClient
) -> None:
    forget("omc:rate:*")
    client.post(KILL, {"account": account.pk, "engage": True, "reason": "odd"}, format="json")
    body = {"account": account.pk, "engage": False, "reason": "checked", "password": "guess"}
    codes = [client.post(KILL, body, format="json").status_code for _ in range(11)]
    assert codes == [403] * 10 + [429]
    refused = client.post(KILL, {**body, "password": PASSWORD}, format="json")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert is_engaged(account.pk)


def test_security_without_redis_orders_stay_stopped_and_can_still_be_stopped(
    account: Any, client: APIClient
) -> None:
    body = {"account": account.pk, "engage": True, "reason": "odd", "password": PASSWORD}
    with without_redis():
        assert client.post(KILL, body, format="json").status_code == 200
        answer = client.post(KILL, {**body, "engage": False}, format="json")
    assert answer.status_code == 503
    assert "password cannot be checked" in answer.json()["detail"]
    assert is_engaged(account.pk)


def test_only_a_superuser_stops_everything(account: Any, client: APIClient) -> None:
    body = {"engage": True, "reason": "drill"}
    assert client.post(KILL, body, format="json").status_code == 403
    root = APIClient()
    root.force_authenticate(make_user("root", is_superuser=True))
    assert root.post(KILL, body, format="json").json()["scope"] == "everything"
    assert is_engaged(account.pk)


def test_the_limit_of_orders_a_minute_holds(
    account: Any, client: APIClient, monkeypatch: Any
) -> None:
    monkeypatch.setattr("trading.ordering_api.ATTEMPTS_A_MINUTE", 2)
    answers = [
        client.post(ORDERS, asked(account, client_id=f"n{n}"), format="json") for n in range(3)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert float(answers[2]["Retry-After"]) > 0


def test_a_page_leads_to_the_next(account: Any, client: APIClient, monkeypatch: Any) -> None:
    monkeypatch.setattr("trading.ordering_api.PAGE", 2)
    for number in range(3):
        client.post(ORDERS, asked(account, client_id=f"n{number}"), format="json")
    first = client.get(ORDERS).json()
    assert [row["client_id"] for row in first["results"]] == ["n2", "n1"]
    second = client.get(first["next"]).json()
    assert [row["client_id"] for row in second["results"]] == ["n0"]
    assert second["next"] is None


def test_what_is_sold_is_counted_in_units_of_base(account: Any, client: APIClient) -> None:
    bought(account, "0.5", "900")
    body = asked(account, side="sell", quantity="0.25", limit="990")
    made = client.post(ORDERS, body, format="json").json()
    assert (made["reserved"], made["reserved_asset"]) == ("0.25", "BTC")
