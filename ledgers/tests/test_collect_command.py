"""manage.py collect: what an operator types and reads."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.models import Quote
from ledgers.models import CollectorRun, Coverage, RawPayload, RejectedRecord
from ledgers.tests.misbehaving import HEAD, body, say, serving
from ledgers.tests.sources import replayed

COUNTS = ("fetched", "new", "revised", "duplicate", "late", "rejected")


def run(*arguments: str) -> tuple[str, str, int]:
    """Run the command and return what it wrote and its exit code."""
    out, err = StringIO(), StringIO()
    try:
        call_command("collect", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return out.getvalue(), err.getvalue(), int(end.code or 0)
    return out.getvalue(), err.getvalue(), 0


def test_list_names_every_source() -> None:
    assert set(json.loads(run("--list", "--json")[0])) >= {"coinspot", "rss", "sec"}
    assert "coinspot" in run("--list")[0]


def test_an_unknown_source_is_named_together_with_the_known_ones() -> None:
    with pytest.raises(CommandError, match=r"'coinspt'.*coinspot"):
        call_command("collect", "coinspt")


@pytest.mark.usefixtures("ledger")
def test_the_counts_are_printed_as_one_object_and_add_up(settings) -> None:
    with replayed(SHIPPED, settings):
        result = json.loads(run("coinspot", "--json")[0])
    assert [result[name] for name in COUNTS] == [16, 16, 0, 0, 0, 0]
    assert (result["source"], result["outcome"], result["complete"]) == ("coinspot", "ok", 1)
    assert result["feeds"][0]["feed"] == "coinspot"


@pytest.fixture
def source(settings):
    """Point CoinSpot at a server of ours."""
    settings.OMC_HTTP_BACKOFF, settings.OMC_HTTP_ATTEMPTS = 0.0, 2

    def point(base: str) -> None:
        settings.OMC_BASE_URLS = {"coinspot": base}
        settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]

    return point


GOOD = b'{"status": "ok", "prices": {"btc": {"bid": "1", "ask": "2", "last": "1"}}}'


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("answer", "outcome", "says"),
    [
        (body(b"<!doctype html><p>Just a moment"), "blocked", "HTML"),
        (body(GOOD[:40]), "drift", "no valid JSON"),
        (body(GOOD.replace(b"prices", b"quotes")), "drift", "'prices'"),
        (body(b'{"status": "ok", "prices": {}}'), "drift", "holds no items"),
        (body(GOOD.replace(b'"1", "ask"', b'"NaN", "ask"')), "drift", "none of 1 items"),
        (body(b"{}", HEAD.replace(b"200 OK", b"503 No")), "transport", "503"),
        (body(b"{}", HEAD.replace(b"200 OK", b"429 No")), "rate_limited", "slow down"),
        (say(b""), "transport", "cannot be reached"),
    ],
)
def test_no_fault_of_a_source_ends_as_an_empty_success(source, answer, outcome, says) -> None:
    with serving(answer) as (base, _):
        source(base)
        out, err, code = run("coinspot", "--json")
    (feed,) = json.loads(out)["feeds"]
    assert (feed["outcome"], feed["new"], code) == (outcome, 0, 1)
    assert says in feed["error"]
    assert says in err
    assert not Quote.objects.exists()
    assert not Coverage.objects.exists()
    assert CollectorRun.objects.get().outcome == outcome


@pytest.mark.usefixtures("ledger")
def test_good_records_of_a_batch_are_kept_and_bad_ones_set_aside_with_the_payload(source) -> None:
    bad = b'"btc": {"bid": "NaN", "ask": "2", "last": "1"}, "eth"'
    with serving(body(GOOD.replace(b'"btc"', bad))) as (base, _):
        source(base)
        out, _, code = run("coinspot", "--json")
    result = json.loads(out)
    assert (result["outcome"], result["new"], result["rejected"], code) == ("partial", 1, 1, 0)
    assert Quote.objects.get().asset == "ETH"
    kept = RejectedRecord.objects.get()
    assert (kept.reason, RawPayload.objects.get(pk=kept.payload).size) == (
        "not_finite",
        len(GOOD.replace(b'"btc"', bad)),
    )


@pytest.mark.usefixtures("ledger")
def test_one_feed_failing_costs_only_itself(settings) -> None:
    settings.OMC_RSS_FEEDS = [
        "coindesk=https://www.coindesk.com/arc/outboundfeeds/rss/",
        "gone=https://gone.example.org/rss",
    ]
    with replayed(SHIPPED, settings):
        out, err, code = run("rss", "--json")
    result = json.loads(out)
    assert {feed["feed"]: feed["outcome"] for feed in result["feeds"]} == {
        "rss/coindesk": "ok",
        "rss/gone": "transport",
    }
    assert (result["complete"], result["new"], code, "rss/gone" in err) == (1, 5, 0, True)
