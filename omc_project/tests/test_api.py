"""Lists of facts: what was known, by page, with the state of the feeds and where they looked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote as escaped

import pytest

from ledgers.checks import fact_models
from ledgers.collecting.storing import store
from ledgers.glass.models import Quote
from ledgers.public_ids import public_id
from ledgers.serializers import SHARED, shown, written
from omc_project.tests.factories import (
    MINUTE,
    client_of,
    fill,
    keep,
    looked,
    make_account,
    make_run,
    make_user,
    order,
    quote,
    this_minute,
)

QUOTES = "/api/v1/ledgers/glass/quotes/"
LISTS = [
    "glass/quotes",
    "glass/candles",
    "glass/chain-metrics",
    "glass/protocol-metrics",
    "human/articles",
    "human/posts",
    "human/moods",
    "human/scores",
    "catalyst/events",
    "exchange/orders",
    "exchange/fills",
    "exchange/transfers",
    "exchange/balances",
]
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def api(ledger):
    return client_of(make_user())


@pytest.fixture
def minutes(ledger):
    """Ten minutes of bitcoin, each covered; return the newest."""
    newest = this_minute() - MINUTE
    run = make_run("coinspot")
    keep([quote(newest - n * MINUTE, str(100 + n)) for n in range(10)], run)
    looked(run, newest - 9 * MINUTE, newest + 3 * MINUTE)
    return newest


def get(api, path, status=200, **params):
    response = api.get(path, params)
    assert response.status_code == status, response.content
    return response.json()


@pytest.mark.parametrize("name", LISTS)
def test_every_list_answers_with_its_pair_its_quality_and_its_coverage(api, name) -> None:
    body = get(api, f"/api/v1/ledgers/{name}/")
    assert list(body) == ["as_of", "horizon", "quality", "coverage", "results", "next"]
    assert body["results"] == []
    assert body["coverage"]["presence"] == "not_observed"
    assert body["quality"]["state"] == "unknown"
    assert body["quality"]["reason"]


def test_every_fact_has_a_serializer_that_shows_all_its_fields() -> None:
    assert {serializer.fact() for serializer in shown()} == set(fact_models())
    for serializer in shown():
        own = {field.name for field in serializer.fact()._meta.concrete_fields}
        hidden = own - {"id", "pk", "parser"} - set(serializer.Meta.fields)
        assert hidden == set(), serializer
        assert serializer.Meta.fields[: len(SHARED)] == SHARED


def test_a_row_is_written_whole_with_exact_numbers_and_moments_in_utc(api) -> None:
    now = this_minute()
    run = make_run("coinspot")
    tiny = Decimal("0.0000000000000000000000012")
    keep([quote(now, bid=tiny, ask=Decimal("1E+5"), last=Decimal("100.500"))], run)
    (row,) = get(api, QUOTES)["results"]
    stored = Quote.objects.get()
    assert row["bid"] == "0.0000000000000000000000012"
    assert row["ask"] == "100000"
    assert row["last"] == "100.500"
    assert row["id"] == public_id(stored)
    assert row["event_at"] == written(now)
    assert row["event_at"].endswith("Z")
    assert row["known_at"] == written(stored.known_at)
    assert row["run"] == run.pk


def test_a_covered_minute_without_a_quote_is_none_and_an_uncovered_one_is_not_observed(
    api, minutes
) -> None:
    inside = {"asset": "ETH", "since": written(minutes - MINUTE), "until": written(minutes)}
    source = {"source": "coinspot"}
    assert get(api, QUOTES, **inside, **source)["coverage"]["presence"] == "none_in_covered_window"
    before = minutes - timedelta(hours=1)
    body = get(api, QUOTES, since=written(before), until=written(before + MINUTE), **source)
    assert body["coverage"] == {
        "presence": "not_observed",
        "since": written(before),
        "until": written(before + MINUTE),
        "gaps": [{"feed": "coinspot", "since": written(before), "until": written(before + MINUTE)}],
        "more_gaps": 0,
        "dropped": [],
    }


def test_quality_is_that_of_the_feeds_behind_the_table_and_of_the_source_asked(
    api, minutes
) -> None:
    assert get(api, QUOTES, source="coinspot")["quality"]["state"] == "fresh"
    looked(make_run("seed:coinspot"), minutes - timedelta(days=3), minutes - timedelta(days=2))
    seeded = get(api, QUOTES, source="seed:coinspot")["quality"]
    assert (seeded["state"], len(seeded["feeds"])) == ("stale", 1)
    everything = get(api, QUOTES)["quality"]
    assert everything["state"] in ("stale", "unknown")
    assert get(api, QUOTES, source="nobody")["quality"]["state"] == "unknown"


def test_the_default_window_is_said_and_can_be_widened(api) -> None:
    old = this_minute() - timedelta(days=3)
    keep([quote(old)], make_run("coinspot"))
    body = get(api, QUOTES)
    assert body["results"] == []
    assert body["coverage"]["since"] < body["coverage"]["until"] == body["as_of"]
    assert len(get(api, QUOTES, since=written(old))["results"]) == 1


def test_filters_keep_what_was_asked_for(api, minutes) -> None:
    keep(
        [quote(minutes, asset="ETH"), quote(minutes, asset="ETH", currency="USDT")],
        make_run("coinspot"),
    )
    assert len(get(api, QUOTES, asset="eth")["results"]) == 2
    assert len(get(api, QUOTES, asset="ETH", currency="USDT")["results"]) == 1
    assert len(get(api, QUOTES, asset="XBT", limit=3)["results"]) == 3
    assert get(api, QUOTES, asset="DOGE")["results"] == []


def test_a_correction_shows_as_a_revision_and_the_past_stays(api) -> None:
    now = this_minute()
    run = make_run("coinspot")
    keep([quote(now, "100")], run)
    before = get(api, QUOTES)
    store(Quote, [quote(now, "99")], run, observed_at=now + MINUTE)
    assert [row["bid"] for row in get(api, QUOTES)["results"]] == ["99"]
    both = get(api, QUOTES, revisions=1)["results"]
    assert [(row["revision"], row["bid"]) for row in both] == [(1, "99"), (0, "100")]
    past = get(api, QUOTES, as_of=before["as_of"], horizon=before["horizon"])
    assert past["results"] == before["results"]
    old = before["results"][0]["id"]
    found = get(api, f"/api/v1/ledgers/facts/{escaped(old)}")
    assert found["result"]["id"] == old
    assert found["newest"] == both[0]["id"]


@pytest.mark.parametrize("limit", [1, 3, 4, 10])
def test_pages_hold_every_row_once_also_when_rows_arrive_between_them(api, minutes, limit) -> None:
    keep([quote(minutes - n * MINUTE, asset="ETH") for n in range(10)], make_run("coinspot"))
    expected = [row["id"] for row in get(api, QUOTES, limit=500)["results"]]
    body = get(api, QUOTES, limit=limit)
    pair = body["as_of"], body["horizon"]
    seen = [row["id"] for row in body["results"]]
    arrived = 0
    while body["next"]:
        arrived += 1
        at = minutes - arrived * MINUTE
        keep(
            [quote(at, asset=f"N{arrived}"), quote(minutes + MINUTE, asset=f"N{arrived}")],
            make_run("coinspot"),
        )
        body = get(api, body["next"])
        assert (body["as_of"], body["horizon"]) == pair
        seen += [row["id"] for row in body["results"]]
    assert seen == expected
    assert len(seen) == 20


def test_a_cursor_serves_only_the_question_and_the_user_it_came_from(api, minutes) -> None:
    following = get(api, QUOTES, limit=2)["next"]
    assert get(api, f"{following}&asset=BTC", 400)["errors"][0]["field"] == "cursor"
    other = client_of(make_user("bob"))
    assert get(other, following, 400)["errors"][0]["field"] == "cursor"
    moved = f"{following}&as_of=2020-01-01T00:00:00Z"
    assert get(api, moved, 400)["errors"][0]["field"] == "cursor"
    assert get(api, following.replace("cursor=", "cursor=x"), 400)
    assert len(get(api, f"{following}&limit=3".replace("limit=2&", ""))["results"]) == 3


def test_a_user_sees_only_the_own_accounts(ledger) -> None:
    ada, bob = make_user(), make_user("bob")
    now = this_minute()
    for user in (ada, bob):
        account = make_account(user)
        run = make_run(f"import_omc/{account.pk}", "exchange", every=None)
        keep([fill(account, now, venue_id=user.username)], run)
        keep([order(account, now, order_id=user.username)], run)
        looked(run, now - MINUTE, now)
    for user in (ada, bob):
        api = client_of(user)
        body = get(api, "/api/v1/ledgers/exchange/fills/")
        assert [row["venue_id"] for row in body["results"]] == [user.username]
        assert len(body["quality"]["feeds"]) == 1
        ids = [row["id"] for row in body["results"]]
        (mine,) = ids
        assert get(api, f"/api/v1/ledgers/facts/{mine}")["result"]["fact"]["venue_id"]
        timeline = get(api, "/api/v1/timeline/BTC")["results"]
        assert {row["table"] for row in timeline} == {"fill", "order"}
        assert len(timeline) == 2
        other = client_of(bob if user is ada else ada)
        theirs = get(other, f"/api/v1/ledgers/facts/{mine}", 404)
        absent = get(other, "/api/v1/ledgers/facts/exchange.fill.999999", 404)
        assert theirs["detail"].replace(mine, "X") == absent["detail"].replace(
            "exchange.fill.999999", "X"
        )


def test_the_timeline_merges_the_ledgers_and_pages_over_them(ledger) -> None:
    user = make_user()
    api = client_of(user)
    account = make_account(user)
    now = this_minute()
    keep([quote(now - n * MINUTE) for n in range(5)], make_run("coinspot"))
    run = make_run(f"import_omc/{account.pk}", "exchange", every=None)
    keep([fill(account, now - n * MINUTE, venue_id=str(n)) for n in range(5)], run)
    keep([order(account, now - n * MINUTE, order_id=str(n)) for n in range(5)], run)
    whole = get(api, "/api/v1/timeline/btc")["results"]
    assert len(whole) == 15
    assert [row["event_at"] for row in whole] == sorted(
        (row["event_at"] for row in whole), reverse=True
    )
    seen, body = [], get(api, "/api/v1/timeline/BTC", limit=4)
    seen += body["results"]
    while body["next"]:
        body = get(api, body["next"])
        seen += body["results"]
    assert seen == whole
    only = get(api, "/api/v1/timeline/BTC", ledger="glass")["results"]
    assert {row["ledger"] for row in only} == {"glass"}


GARBAGE = [
    ("nonsense", "1"),
    ("as_of", "yesterday"),
    ("as_of", "2026-01-01T00:00:00"),
    ("as_of", "9999-01-01T00:00:00Z"),
    ("as_of", "0001-01-01T00:00:00+14:00"),
    ("as_of", "2026-13-45T99:99:99Z"),
    ("horizon", "9999-01-01T00:00:00Z"),
    ("horizon", "2026-01-01"),
    ("since", "2026-01-01 25:00Z"),
    ("since", "\x00"),
    ("until", "9999-12-31T23:59:59-14:00"),
    ("until", "\u221e"),
    ("limit", "0"),
    ("limit", "-1"),
    ("limit", "1e3"),
    ("limit", "\uff11\uff12"),
    ("limit", "ten"),
    ("cursor", "garbage"),
    ("cursor", "a:b:c"),
    ("cursor", "é" * 50),
    ("cursor", "\x00"),
    ("revisions", "maybe"),
    ("asset", "B\x00TC"),
    ("asset", "B" * 31),
    ("source", "x" * 41),
    ("source", "\x00"),
]


@pytest.mark.parametrize(("name", "value"), GARBAGE)
@pytest.mark.parametrize("path", [QUOTES, "/api/v1/timeline/BTC"])
def test_garbage_is_refused_by_name(api, path, name, value) -> None:
    body = get(api, path, 400, **{name: value})
    assert [error["field"] for error in body["errors"]] == [name]
    assert name in body["detail"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "9" * 5000),
        ("limit", "0000000000000000007"),
        ("since", "0001-01-01T00:00:00Z"),
        ("as_of", "0001-01-02T00:00:00Z"),
        ("asset", "'; DROP TABLE glass_quote; --"),
        ("asset", "%"),
        ("source", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")),
        ("since", "2026-01-31T22:00:00 10:00"),
        ("since", ""),
    ],
)
def test_the_unusual_is_served(api, name, value) -> None:
    get(api, QUOTES, **{name: value})


def test_an_interval_is_a_number_in_range(api) -> None:
    candles = "/api/v1/ledgers/glass/candles/"
    for value in ("x", "-1", "9" * 30, "1.5"):
        assert get(api, candles, 400, interval=value)["errors"][0]["field"] == "interval"
    get(api, candles, interval="3600")


def test_a_kind_of_event_must_be_one_there_is(api) -> None:
    body = get(api, "/api/v1/ledgers/catalyst/events/", 400, kind="party")
    assert body["errors"][0]["field"] == "kind"


def test_a_parameter_given_twice_is_refused(api) -> None:
    assert get(api, f"{QUOTES}?limit=1&limit=2", 400)["errors"][0]["field"] == "limit"


def test_a_window_that_ends_before_it_begins_is_refused(api) -> None:
    window = {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    assert get(api, QUOTES, 400, **window)["errors"][0]["field"] == "since"


@pytest.mark.parametrize(
    "fact_id",
    [
        "x",
        "glass.quote.1",
        "glass.nothing.1",
        "exchange.fill.99999999999999999999",
        "glass.quote.a~b~c~20260101T000000Z~x",
        "human.article.%00",
        "human.article.-1/../..",
        "." * 3000,
        "human.article.\u0661",
    ],
)
def test_an_id_that_is_none_is_not_found(api, fact_id) -> None:
    assert get(api, f"/api/v1/ledgers/facts/{fact_id}", 404)["title"] == "Not Found"


def test_a_fact_is_not_found_before_it_was_known(api, minutes) -> None:
    (row,) = get(api, QUOTES, limit=1)["results"]
    path = f"/api/v1/ledgers/facts/{escaped(row['id'])}"
    assert get(api, path)["result"]["fact"] == row
    get(api, path, 404, as_of="2026-01-01T00:00:00Z")
    assert get(api, path, 400, limit=1)["errors"][0]["field"] == "limit"


def test_a_list_asks_the_database_the_same_few_times_however_long_it_is(
    api, minutes, django_assert_num_queries
) -> None:
    with django_assert_num_queries(7):
        get(api, QUOTES, limit=1)
    with django_assert_num_queries(6):
        get(api, "/api/v1/ledgers/human/articles/")
    with django_assert_num_queries(7):
        get(api, QUOTES, limit=500)


def test_a_timeline_asks_a_bounded_number_of_times(
    api, minutes, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(24):
        get(api, "/api/v1/timeline/BTC")
