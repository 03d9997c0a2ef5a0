"""Looks at accounts over real HTTP: what is stored, for whom, and what a second look changes."""

from __future__ import annotations

import json
import logging
import zlib
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from ledgers.collecting.registry import collectors, expected_feeds
from ledgers.collecting.replaying import SHIPPED
from ledgers.credentials import refusal_of
from ledgers.exchange.coinspot_private import READ_ONLY
from ledgers.exchange.collectors.coinspot_ro import START
from ledgers.exchange.keys import owner_of, set_key
from ledgers.exchange.models import Balance, Fill, Order, Transfer
from ledgers.exchange.tests.fake_coinspot import KEY, SECRET, Fault, coinspot
from ledgers.exchange.tests.files import text
from ledgers.exchange.tests.files import written as file_of
from ledgers.exchange.tests.private import (
    AT,
    NOW,
    account_of,
    forget_redis,
    look,
    opened,
    rises,
    trade,
    with_key,
    written,
)
from ledgers.models import CollectorRun, CredentialUse, RawPayload, RejectedRecord
from ledgers.reading import pair
from ledgers.tests.sources import payload, replayed

COMPLETED, MARKET = "/my/orders/completed", "/my/orders/market/completed"
OPEN_MARKET, OPEN_LIMIT = "/my/orders/market/open", "/my/orders/limit/open"
BALANCES, DEPOSITS = "/my/balances", "/my/deposits"
Outcome = CollectorRun.Outcome
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def venue(settings):
    forget_redis()
    with coinspot(settings) as fake:
        fake.now = NOW
        yield fake
    forget_redis()


@pytest.fixture
def mia():
    return with_key(account_of("mia"))


def looked(venue, hours: float = 0) -> CollectorRun:
    venue.now = NOW + hours * HOUR
    (run,) = look(venue.now)
    return run


def orders(account) -> dict[str, tuple[str, str, str]]:
    rows = Order.objects.for_account(account.pk).at(pair())
    return {row.order_id: (row.status, str(row.filled), str(row.quantity)) for row in rows}


def balance(**coins: float) -> list[dict]:
    return [{coin: {"balance": held, "audbalance": 0, "rate": 0}} for coin, held in coins.items()]


def test_accounts_without_a_key_are_no_feeds(venue) -> None:
    account_of("mia")
    assert collectors["coinspot_ro"].scopes() == []
    with_key(account := account_of("leo"))
    assert [str(account.pk)] == collectors["coinspot_ro"].scopes()
    assert f"coinspot_ro/{account.pk}" in {feed.name for feed in expected_feeds()}


def test_the_command_says_that_nobody_has_a_key() -> None:
    with pytest.raises(CommandError, match="coinspot_ro has nothing to look at yet"):
        call_command("collect", "coinspot_ro")


def test_only_accounts_at_coinspot_are_asked_about(venue, mia) -> None:
    other = account_of("leo", account="Paper")
    other.venue = "paper"
    other.save()
    with_key(other)
    assert collectors["coinspot_ro"].scopes() == [str(mia.pk)]


def test_a_look_stores_everything_and_the_next_one_nothing_twice(venue, mia) -> None:
    venue.tell(COMPLETED, buyorders=[trade()], sellorders=[trade(id="s", audtotal=989.0)])
    venue.tell(OPEN_MARKET, buyorders=[opened()])
    venue.tell(BALANCES, balances=balance(BTC=0.1, AUD=5))
    row = {"amount": 100, "created": written(AT), "status": "completed", "reference": "R"}
    venue.tell(DEPOSITS, deposits=[row])
    run = looked(venue)
    assert (run.outcome, run.new, run.rejected) == (Outcome.OK, 8, 0)
    assert (run.window.lower, run.window.upper) == (START, NOW)
    assert Fill.objects.for_user(mia.user_id).count() == 2
    assert Transfer.objects.for_user(mia.user_id).get().asset == "AUD"
    assert set(orders(mia)) == {"6f1f0a0000000000000000a1", "s", "6f1f0a0000000000000000c1"}
    again = looked(venue, 1)
    assert (again.new, again.revised, again.duplicate) == (2, 0, 6)
    assert (again.window.lower, again.window.upper) == (NOW, NOW + HOUR)
    assert rises(venue.nonces[KEY])
    assert venue.refused == []


def test_an_empty_account_is_empty_and_covered(venue, mia) -> None:
    run = looked(venue)
    assert (run.outcome, run.fetched, run.window.upper) == (Outcome.EMPTY, 0, NOW)


def test_the_first_look_asks_for_all_and_the_next_for_the_last_days(venue, mia) -> None:
    looked(venue)
    looked(venue, 1)
    days = [asked["startdate"] for path, asked in venue.asked if path.endswith(COMPLETED)]
    assert days == ["2013-01-01", "2026-03-18"]
    assert {asked["enddate"] for path, asked in venue.asked if path.endswith(COMPLETED)} == {
        "2026-03-21"
    }


def test_a_market_order_is_in_two_lists_and_stored_once(venue, mia) -> None:
    venue.tell(COMPLETED, buyorders=[trade(type="market")])
    venue.tell(MARKET, buyorders=[trade(type="market")])
    assert looked(venue).outcome == Outcome.OK
    assert Fill.objects.for_user(mia.user_id).count() == 1
    assert len(orders(mia)) == 1


def test_a_full_answer_is_asked_again_in_halves_until_nothing_is_cut(venue, mia) -> None:
    rows = [
        trade(NOW - n * 6 * HOUR, id=f"{n:024}", amount=0.001 + n / 10**6, rate=None, total=None)
        for n in range(1200)
    ]
    venue.tell(COMPLETED, buyorders=rows)
    run = looked(venue)
    assert (run.outcome, run.rejected) == (Outcome.OK, 0)
    assert Fill.objects.for_user(mia.user_id).count() == 1200
    asked = [values for path, values in venue.asked if path == f"/api/v2/ro{COMPLETED}"]
    assert len(asked) > 3
    assert {values["limit"] for values in asked} == {"500"}


def test_a_day_with_more_than_an_answer_holds_is_said_and_not_covered(venue, mia) -> None:
    rows = [trade(AT, id=f"{n:024}", amount=0.001 + n / 10**6, rate=None) for n in range(500)]
    venue.tell(COMPLETED, buyorders=rows)
    run = looked(venue)
    assert (run.outcome, run.window) == (Outcome.DRIFT, None)
    assert "500 rows or more" in run.error
    assert "CSV" in run.error


def test_a_look_that_breaks_off_covers_nothing_and_the_next_asks_for_all_again(venue, mia) -> None:
    venue.tell(COMPLETED, buyorders=[trade()])
    venue.faults[BALANCES] = [Fault(body=None)]
    broken = looked(venue)
    assert (broken.outcome, broken.window) == (Outcome.TRANSPORT, None)
    whole = looked(venue, 1)
    assert (whole.outcome, whole.window.lower) == (Outcome.OK, START)
    assert Fill.objects.for_user(mia.user_id).count() == 1


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(body=b'{"status":"error","message":"busy"}'), Outcome.TRANSPORT),
        (Fault(body=b'{"status":"ok"}'), Outcome.DRIFT),
        (Fault(body=b"<html>", content_type="text/html"), Outcome.BLOCKED),
        (Fault(status=429, body=b"{}"), Outcome.RATE_LIMITED),
        (Fault(status=503, body=b"{}"), Outcome.TRANSPORT),
    ],
)
def test_what_goes_wrong_ends_the_look_and_leaves_the_key_in_use(venue, mia, fault, outcome):
    venue.faults[DEPOSITS] = [fault]
    assert looked(venue).outcome == outcome
    assert refusal_of(owner_of(mia.pk)) == ""
    assert looked(venue, 1).outcome == Outcome.EMPTY


def test_a_key_that_the_venue_refuses_is_used_no_more_until_there_is_another(venue, mia) -> None:
    del venue.secrets[KEY]
    assert looked(venue).outcome == Outcome.BLOCKED
    tried = len(venue.refused)
    refused = looked(venue, 1)
    assert refused.outcome == Outcome.UNCONFIGURED
    assert "Enter a new one" in refused.error
    assert (tried, len(venue.refused), venue.asked) == (1, 1, [])
    venue.secrets["another-key-of-mine-0001"] = SECRET
    with_key(mia, "another-key-of-mine-0001")
    assert looked(venue, 2).outcome == Outcome.EMPTY


def test_the_key_of_one_user_costs_another_nothing(venue, mia) -> None:
    venue.secrets["leos-own-key-at-coinspot"] = "leos-own-secret-at-coinspot"
    leo = with_key(account_of("leo"), "leos-own-key-at-coinspot", "leos-own-secret-at-coinspot")
    del venue.secrets[KEY]
    outcomes = {run.feed_id: run.outcome for run in look(NOW)}
    assert outcomes == {
        f"coinspot_ro/{mia.pk}": Outcome.BLOCKED,
        f"coinspot_ro/{leo.pk}": Outcome.EMPTY,
    }


def test_each_user_sees_the_own_facts_alone(venue, mia) -> None:
    venue.secrets["leos-own-key-at-coinspot"] = SECRET
    leo = with_key(account_of("leo"), "leos-own-key-at-coinspot")
    venue.tell(COMPLETED, buyorders=[trade()])
    venue.tell(BALANCES, balances=balance(BTC=1))
    sold = trade(id="leo", audtotal=989.0)
    venue.tell(COMPLETED, key="leos-own-key-at-coinspot", sellorders=[sold])
    venue.tell(OPEN_LIMIT, key="leos-own-key-at-coinspot", buyorders=[opened()])
    look(NOW)
    for model in (Order, Fill, Transfer, Balance):
        for owner in (mia, leo):
            assert {row.account_id for row in model.objects.for_user(owner.user_id)} <= {owner.pk}
    assert [fill.side for fill in Fill.objects.for_user(mia.user_id)] == ["buy"]
    assert [fill.side for fill in Fill.objects.for_user(leo.user_id)] == ["sell"]
    assert not Balance.objects.for_user(leo.user_id).exists()
    assert Order.objects.for_user(leo.user_id).filter(status="open").count() == 1


def test_the_same_answer_for_two_users_is_two_facts(venue, mia) -> None:
    venue.secrets["leos-own-key-at-coinspot"] = SECRET
    leo = with_key(account_of("leo"), "leos-own-key-at-coinspot")
    for key in (KEY, "leos-own-key-at-coinspot"):
        venue.tell(COMPLETED, key=key, buyorders=[trade()])
    look(NOW)
    owners = Fill.objects.of_everyone().values_list("account_id", flat=True)
    assert sorted(owners) == sorted([mia.pk, leo.pk])


def test_an_open_order_is_filled_in_parts_and_then_whole(venue, mia) -> None:
    order_id = "6f1f0a0000000000000000c1"

    def part(n: int, amount: float):
        numbers = {"rate": 2500, "amount": amount, "audtotal": 2500 * amount, "audfeeExGst": 0}
        made = {"id": order_id, "market": "ETH/AUD", "type": "market", "audGst": 0}
        return trade(AT + n * HOUR, **numbers, **made)

    venue.tell(OPEN_MARKET, buyorders=[opened()])
    looked(venue)
    assert orders(mia) == {order_id: ("open", "0", "1")}
    venue.tell(COMPLETED, buyorders=[part(1, 0.25)])
    venue.tell(OPEN_MARKET, buyorders=[opened(amount=0.75)])
    looked(venue, 1)
    assert orders(mia) == {order_id: ("partial", "0.25", "1")}
    venue.tell(COMPLETED, buyorders=[part(1, 0.25), part(2, 0.75)])
    venue.tell(OPEN_MARKET, buyorders=[])
    looked(venue, 2)
    assert orders(mia) == {order_id: ("filled", "1.00", "1.00")}
    assert looked(venue, 3).revised == 0


def test_an_order_that_is_in_no_list_any_more_was_cancelled(venue, mia) -> None:
    venue.tell(OPEN_MARKET, buyorders=[opened(id="m")])
    venue.tell(OPEN_LIMIT, sellorders=[opened(id="l")])
    looked(venue)
    assert orders(mia) == {"m": ("open", "0", "1"), "l": ("open", "0", "1")}
    venue.tell(OPEN_MARKET, buyorders=[])
    looked(venue, 1)
    assert orders(mia) == {"m": ("cancelled", "0", "1"), "l": ("open", "0", "1")}
    venue.tell(OPEN_LIMIT, sellorders=[])
    looked(venue, 2)
    assert orders(mia)["l"] == ("cancelled", "0", "1")


def test_a_list_that_cannot_be_read_whole_cancels_nothing(venue, mia) -> None:
    venue.tell(OPEN_MARKET, buyorders=[opened(id="m"), opened(id="n")])
    looked(venue)
    venue.tell(OPEN_MARKET, buyorders=[opened(id="m"), opened(id="n", amount="many")])
    looked(venue, 1)
    assert orders(mia) == {"m": ("open", "0", "1"), "n": ("open", "0", "1")}


def test_a_list_whose_other_half_is_kept_no_more_cancels_nothing(venue, mia) -> None:
    venue.tell(OPEN_MARKET, buyorders=[opened(id="m")])
    looked(venue)
    url = f"{READ_ONLY}{OPEN_LIMIT}?account={mia.pk}&beside={'0' * 64}"
    empty = '{"status": "ok", "buyorders": [], "sellorders": []}'
    with transaction.atomic():
        settled = collectors["coinspot_ro"].settle(payload(url, empty, at=NOW + HOUR), [])
        assert list(settled) == []


def test_an_asset_that_is_listed_no_more_is_held_no_more(venue, mia) -> None:
    venue.tell(BALANCES, balances=balance(BTC=0.5, ETH=2))
    looked(venue)
    venue.tell(BALANCES, balances=balance(ETH=2))
    looked(venue, 1)
    looked(venue, 2)
    rows = Balance.objects.for_account(mia.pk).order_by("event_at", "asset")
    told = [(row.asset, str(row.quantity), row.event_at - NOW) for row in rows]
    assert told == [
        ("BTC", "0.5", 0 * HOUR),
        ("ETH", "2", 0 * HOUR),
        ("BTC", "0", HOUR),
        ("ETH", "2", HOUR),
        ("ETH", "2", 2 * HOUR),
    ]


def test_money_under_way_counts_when_it_has_come(venue, mia) -> None:
    row = {"amount": 100, "created": written(AT), "status": "pending", "reference": "R"}
    venue.tell(DEPOSITS, deposits=[row])
    looked(venue)
    assert not Transfer.objects.for_account(mia.pk).at(pair()).exists()
    venue.tell(DEPOSITS, deposits=[row | {"status": "completed"}])
    assert looked(venue, 1).revised == 1
    assert Transfer.objects.for_account(mia.pk).at(pair()).get().quantity == 100


def test_what_is_worth_aud_is_not_told_of_an_account_in_another_currency(venue) -> None:
    account = with_key(account_of("mia", currency="USD"))
    swap = {"market": "SOLO/ALGO", "rate": 0.5, "amount": 2000}
    venue.tell(COMPLETED, buyorders=[trade(**swap)])
    looked(venue)
    assert Fill.objects.for_account(account.pk).get().value is None


def test_a_corrected_fee_is_a_revision(venue, mia) -> None:
    swap = {"market": "SOLO/ALGO", "rate": 0.5, "amount": 2000}
    venue.tell(COMPLETED, buyorders=[trade(**swap)])
    looked(venue)
    venue.tell(COMPLETED, buyorders=[trade(**swap, audfeeExGst=0, audGst=0)])
    assert looked(venue, 1).revised == 1
    assert Fill.objects.for_account(mia.pk).at(pair()).get().fee == 0


def test_a_changed_trade_of_the_same_order_is_a_possible_duplicate(venue, mia) -> None:
    venue.tell(COMPLETED, buyorders=[trade()])
    looked(venue)
    venue.tell(COMPLETED, buyorders=[trade(amount=0.0068301)])
    run = looked(venue, 1)
    assert (run.outcome, run.rejected) == (Outcome.PARTIAL, 1)
    assert RejectedRecord.objects.get().reason == "possible_duplicate"
    assert Fill.objects.for_account(mia.pk).count() == 1


def test_two_alike_trades_of_two_looks_are_two(venue, mia) -> None:
    first, second = trade(id="a"), trade(id="b", amount=0.0068301)
    venue.tell(COMPLETED, buyorders=[first])
    looked(venue)
    venue.tell(COMPLETED, buyorders=[second])
    assert looked(venue, 1).rejected == 0
    assert Fill.objects.for_account(mia.pk).count() == 2


LINE = (
    "18/03/2026 08:15 PM,Buy,BTC/AUD,0.00683,147730.11,146267.44,"
    "9.9900661,9.9900661,0.9081878,1009.00,1009.00"
)


def imported(tmp_path, line: str = LINE, *, capsys) -> Any:
    path = file_of(tmp_path, text(line))
    capsys.readouterr()
    call_command("import_fills", str(path), "--format", "coinspot", "--user", "mia", "--json")
    return json.loads(capsys.readouterr().out)


def test_what_a_file_told_before_stays_and_is_stored_once(venue, mia, tmp_path, capsys) -> None:
    assert imported(tmp_path, capsys=capsys)["fills"] == 1
    before = Fill.objects.for_account(mia.pk).values().get()
    venue.tell(COMPLETED, buyorders=[trade()])
    run = looked(venue)
    assert (run.outcome, run.new, run.duplicate) == (Outcome.OK, 0, 1)
    assert Fill.objects.for_account(mia.pk).values().get() == before
    assert len(orders(mia)) == 1


def test_a_file_after_a_look_tells_nothing_new(venue, mia, tmp_path, capsys) -> None:
    venue.tell(COMPLETED, buyorders=[trade()])
    looked(venue)
    report = imported(tmp_path, capsys=capsys)
    assert (report["new"], report["duplicate"], report["rejected"]) == (0, 1, 0)
    assert Fill.objects.for_account(mia.pk).count() == len(orders(mia)) == 1


ROUNDED = LINE.replace("146267.44", "146267").replace("1009.00", "1008.99")
BY_DAY = ROUNDED.replace(" 08:15 PM", "")


@pytest.mark.parametrize("line", [ROUNDED, BY_DAY])
def test_a_near_match_is_rejected_whichever_came_first(venue, mia, tmp_path, capsys, line) -> None:
    imported(tmp_path, line, capsys=capsys)
    venue.tell(COMPLETED, buyorders=[trade()])
    run = looked(venue)
    assert (run.outcome, run.new, run.rejected) == (Outcome.PARTIAL, 0, 1)
    assert run.window is not None
    assert RejectedRecord.objects.get().reason == "possible_duplicate"
    assert len(orders(mia)) == 1


@pytest.mark.parametrize("line", [ROUNDED, BY_DAY])
def test_a_near_match_in_a_file_after_a_look_is_rejected(
    venue, mia, tmp_path, capsys, line
) -> None:
    venue.tell(COMPLETED, buyorders=[trade()])
    looked(venue)
    with pytest.raises(SystemExit):
        imported(tmp_path, line, capsys=capsys)
    report = json.loads(capsys.readouterr().out)
    assert [each["reason"] for each in report["rejects"]] == ["possible_duplicate"]
    assert Fill.objects.for_account(mia.pk).count() == 1


@pytest.mark.parametrize("zone", ["Australia/Brisbane", "Australia/Perth", "UTC"])
def test_a_file_in_another_time_zone_does_not_double_its_trades(
    venue, mia, tmp_path, capsys, zone
) -> None:
    path = file_of(tmp_path, text(LINE))
    options = ("--format", "coinspot", "--user", "mia", "--time-zone", zone)
    call_command("import_fills", str(path), *options)
    venue.tell(COMPLETED, buyorders=[trade()])
    assert (looked(venue).rejected, RejectedRecord.objects.get().reason) == (
        1,
        "possible_duplicate",
    )
    assert Fill.objects.for_account(mia.pk).count() == 1


def test_other_trades_of_the_day_are_stored_beside_those_of_a_file(
    venue, mia, tmp_path, capsys
) -> None:
    imported(tmp_path, capsys=capsys)
    later = (AT + 7 * HOUR / 60, AT + 5 * HOUR / 60 + HOUR)
    numbers = {"rate": None, "audfeeExGst": 0, "audGst": 0}
    rows = [trade(at, id=f"{n}", audtotal=999 - n, **numbers) for n, at in enumerate(later)]
    venue.tell(COMPLETED, buyorders=rows)
    looked(venue)
    assert Fill.objects.for_account(mia.pk).count() == 3


def test_an_open_order_whose_fill_a_file_told_is_filled_all_the_same(
    venue, mia, tmp_path, capsys
) -> None:
    venue.tell(OPEN_MARKET, buyorders=[opened(id="o", market="BTC/AUD", amount=0.00683)])
    looked(venue)
    imported(tmp_path, capsys=capsys)
    venue.tell(OPEN_MARKET, buyorders=[])
    venue.tell(COMPLETED, buyorders=[trade(id="o")])
    looked(venue, 1)
    assert orders(mia)["o"] == ("filled", "0.00683", "0.00683")
    assert Fill.objects.for_account(mia.pk).count() == 1


def test_no_secret_is_kept_in_runs_payloads_rejects_and_logs(venue, mia, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    venue.tell(COMPLETED, buyorders=[trade(amount="x"), trade()])
    looked(venue)
    venue.faults[DEPOSITS] = [
        Fault(status=401, body=f'{{"status":"error","message":"{KEY} {SECRET}"}}'.encode())
    ]
    looked(venue, 1)
    with database.cursor() as cursor:
        tables = database.introspection.django_table_names(only_existing=True)
        kept = ""
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            kept += str(cursor.fetchall())
    bodies = b"".join(zlib.decompress(row.body) for row in RawPayload.objects.all())
    for secret in (KEY, SECRET):
        assert secret not in kept
        assert secret.encode().hex() not in kept
        assert secret not in caplog.text
        assert secret.encode() not in bodies
    assert not any(str(nonce) in caplog.text for nonce in venue.nonces[KEY])


def test_each_look_is_one_noted_use_of_the_key(venue, mia) -> None:
    looked(venue)
    looked(venue, 1)
    used = CredentialUse.objects.filter(action="used")
    assert set(used.values_list("owner", "purpose")) == {(owner_of(mia.pk), "look at the account")}
    assert used.count() == 2


@pytest.mark.parametrize("variable", ["OMC_CREDENTIAL_KEY"])
def test_a_lost_master_key_is_told_by_the_run(venue, mia, settings, variable) -> None:
    setattr(settings, variable, "A" * 43 + "=")
    run = looked(venue)
    assert (run.outcome, variable in run.error) == (Outcome.UNCONFIGURED, True)
    assert venue.asked == []


def test_the_decimal_places_of_the_wire_are_kept(venue, mia) -> None:
    venue.tell(BALANCES, balances=[{"SHIB": {"balance": 123456789.123456789012345678}}])
    venue.faults[BALANCES] = [
        Fault(body=b'{"status":"ok","balances":[{"SHIB":{"balance":1.000000000000000000000001}}]}')
    ]
    looked(venue)
    assert Balance.objects.for_account(mia.pk).get().quantity == Decimal(
        "1.000000000000000000000001"
    )


def test_the_shipped_answers_tell_of_one_account_that_adds_up(settings) -> None:
    forget_redis()
    account = account_of("mia")
    with replayed(SHIPPED, settings):
        set_key(account, KEY, SECRET, actor="mia")
        (run,) = look(timezone.now())
    assert (run.outcome, run.rejected, len(run.payloads)) == (Outcome.OK, 0, 10)
    held: dict[str, Decimal] = defaultdict(Decimal)
    for fill in Fill.objects.for_account(account.pk):
        sign = 1 if fill.side == "buy" else -1
        held[fill.base] += sign * fill.quantity
        held[fill.quote] -= sign * fill.quantity * fill.price + fill.fee
    for flow in Transfer.objects.for_account(account.pk):
        held[flow.asset] += flow.quantity
    told = Balance.objects.for_account(account.pk).values_list("asset", "quantity")
    assert dict(told) == held
    statuses = {status for status, *_ in orders(account).values()}
    assert statuses == {"filled", "open"}
