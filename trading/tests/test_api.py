"""The API of the money: one's own accounts, exact text, and what travels with it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from ledgers.public_ids import find
from trading.tests.factories import (
    DAY,
    MINUTE,
    NOW,
    fill,
    imported,
    keep,
    looked,
    make_account,
    make_run,
    make_user,
    quote,
    quoted,
)

pytestmark = pytest.mark.usefixtures("ledger")
AS_OF = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
PATHS = ["/api/v1/trading/accounts/", "/api/v1/trading/positions/", "/api/v1/trading/pnl/"]
ACCOUNTS, POSITIONS, PNL = PATHS


@pytest.fixture
def account():
    account = make_account(make_user())
    imported(
        account,
        fill(account, "buy", "2", "100", ago=3 * DAY),
        fill(account, "sell", "0.5", "300", ago=DAY),
    )
    quoted(quote("BTC", "310.10"))
    return account


@pytest.fixture
def client(account):
    client = APIClient()
    client.force_authenticate(account.user)
    return client


def get(client, path, **question):
    return client.get(path, {"as_of": AS_OF, **question})


@pytest.mark.parametrize("path", PATHS)
def test_nobody_reads_without_logging_in(account, path) -> None:
    assert APIClient().get(path).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_says_as_of_when_and_how_good_it_is(client, path) -> None:
    body = get(client, path).json()
    assert body["as_of"] == AS_OF
    assert body["horizon"].endswith("Z")
    assert body["quality"]["state"] == "fresh"
    assert body["coverage"]["presence"] == "value"


def test_pnl_is_exact_text(client) -> None:
    body = get(client, PNL, by="asset").json()
    assert (body["realized"], body["equity"], body["flows"]) == ("100", "615.15", "200")
    assert [line["key"] for line in body["by"]] == ["AUD", "BTC"]
    assert body["complete"] is True
    assert find(body["prices"][0]["id"]).bid == Decimal("310.10")


def test_positions_tell_the_price_and_how_old_it_is(client) -> None:
    rows = {row["asset"]: row for row in get(client, POSITIONS).json()["results"]}
    held = rows["BTC"]
    assert (held["quantity"], held["cost"], held["value"]) == ("1.5", "150", "465.15")
    assert held["price"]["price"] == "310.1"
    assert (held["age_seconds"], held["price"]["state"]) == (60, "fresh")
    assert held["account"]["name"] == "main"
    assert (rows["AUD"]["quantity"], rows["AUD"]["price"]) == ("150", None)


def test_a_question_may_name_account_method_and_moment(client, account) -> None:
    body = get(
        client, PNL, account="main", method="lifo", at=f"{NOW - 2 * DAY:%Y-%m-%dT%H:%M:%SZ}"
    ).json()
    assert (body["method"], body["realized"], body["fills"]) == ("lifo", "0", 1)
    assert get(client, PNL, account=str(account.pk)).json()["accounts"][0]["id"] == account.pk


def test_accounts_are_ones_own(client, account) -> None:
    make_account(make_user("bob"), "bobs")
    rows = get(client, ACCOUNTS).json()["results"]
    assert rows == [
        {
            "id": account.pk,
            "name": "main",
            "venue": "coinspot",
            "currency": "AUD",
            "method": "fifo",
            "fees": "basis",
        }
    ]


@pytest.mark.parametrize("path", [POSITIONS, PNL])
def test_anothers_account_is_as_good_as_absent(client, path) -> None:
    bobs = make_account(make_user("bob"), "bobs")
    imported(bobs, fill(bobs, "buy", "1", "999", ago=DAY))
    for written in (str(bobs.pk), "bobs"):
        response = get(client, path, account=written)
        assert response.status_code == 404
        assert "999" not in response.content.decode()
    assert len(get(client, POSITIONS).json()["results"]) == 2


@pytest.mark.parametrize(
    "question",
    [
        {"method": "best"},
        {"by": "year"},
        {"at": "2026-01-01T00:00"},
        {"at": f"{NOW + MINUTE:%Y-%m-%dT%H:%M:%SZ}"},
        {"as_of": "2999-01-01T00:00Z"},
        {"account": "main", "colour": "red"},
        {"account": "ma\0in"},
    ],
)
def test_a_wrong_question_is_a_problem_that_says_why(client, question) -> None:
    response = get(client, PNL, **question)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["detail"]


def test_a_user_without_an_account_is_told_so(ledger) -> None:
    client = APIClient()
    client.force_authenticate(make_user("eve"))
    assert client.get(ACCOUNTS).json()["results"] == []
    response = client.get(PNL)
    assert response.status_code == 404
    assert "import_fills" in response.json()["detail"]


def test_a_fact_that_cannot_be_booked_is_a_conflict(client, account) -> None:
    imported(account, fill(account, "buy", "1", "0", ago=2 * DAY, venue_id="bad"))
    response = get(client, PNL)
    assert response.status_code == 409
    assert "exchange.fill." in response.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_takes_few_queries(client, path, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(14):
        assert get(client, path).status_code == 200


def test_an_explanation_holds_what_the_report_is_made_from(client, account) -> None:
    told = get(client, "/api/v1/trading/explain/", account="main").json()
    report = get(client, PNL, account="main").json()
    assert told["amounts"]["realized"] == report["realized"]
    assert [row["kind"] for row in told["entries"]] == ["buy", "sell"]
    share = get(client, "/api/v1/trading/explain/", account="main", asset="BTC").json()
    assert share["asset"] == "BTC"
    assert (told["quality"], told["coverage"]) == (report["quality"], report["coverage"])


def test_an_asset_is_explained_as_well_as_its_own_price_is_known(client, account) -> None:
    imported(account, fill(account, "buy", "2", "5", ago=2 * DAY, base="ETH", venue_id="eth"))
    run = make_run("kraken", "glass")
    keep([quote("ETH", "6", ago=2 * DAY, source="kraken")], run)
    looked(run, NOW - 400 * DAY, NOW - 2 * DAY)

    def told(**question: str) -> str:
        found = get(client, "/api/v1/trading/explain/", account="main", **question).json()
        return str(found["quality"]["state"])

    assert (told(), told(asset="ETH"), told(asset="BTC")) == ("stale", "stale", "fresh")


def test_an_account_can_be_taken_elsewhere(client, account) -> None:
    answer = get(client, "/api/v1/trading/exports/csv/", account="main")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.decode().startswith("asset,quantity,")
    assert b"2026-" in get(client, "/api/v1/trading/exports/beancount/", account="main").content


@pytest.mark.parametrize(
    ("path", "question", "status"),
    [
        ("explain/", {}, 400),
        ("explain/", {"account": "other"}, 404),
        ("explain/", {"account": "main", "asset": "XRP"}, 400),
        ("exports/csv/", {}, 400),
        ("exports/xls/", {"account": "main"}, 404),
    ],
)
def test_what_cannot_be_explained_is_a_problem_that_says_why(
    client, path, question, status
) -> None:
    answer = get(client, f"/api/v1/trading/{path}", **question)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_explanations_and_exports_are_of_ones_own_account(account) -> None:
    stranger = APIClient()
    stranger.force_authenticate(make_user("eve"))
    for path in ("explain/", "exports/csv/"):
        assert get(stranger, f"/api/v1/trading/{path}", account=str(account.pk)).status_code == 404
