"""The command: what it takes, what it says, and that nothing is ever half written."""

from __future__ import annotations

import codecs
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledgers.coverage import Window, gaps
from ledgers.exchange.importing.service import ImportAsk, import_file
from ledgers.exchange.models import Account, Fill, Order, Transfer
from ledgers.exchange.tests.files import (
    BUY,
    COINSPOT,
    OMC,
    SELL,
    SWAP,
    TRADES,
    imported,
    run_import,
    text,
    written,
)
from ledgers.models import Asset, CollectorRun, Coverage, Feed, RejectedRecord
from ledgers.reading import pair


def rows() -> dict[str, list]:
    """Return every row that an import may touch, without its number."""
    owned = {
        model.__name__: sorted(
            str(row) for row in model.objects.of_everyone().order_by("pk").values_list()
        )
        for model in (Fill, Order, Transfer)
    }
    plain = {
        model.__name__: list(model.objects.order_by("pk").values_list())
        for model in (Account, Asset, Feed, CollectorRun, Coverage, RejectedRecord)
    }
    return owned | plain | {"User": list(get_user_model().objects.values_list())}


def facts() -> dict[str, list]:
    return {name: kept for name, kept in rows().items() if name in ("Fill", "Order", "Transfer")}


def test_one_import_is_one_run_with_its_window(ledger, capsys, tmp_path) -> None:
    content = text(BUY, SELL, SWAP)
    told = imported(capsys, written(tmp_path, content))
    run = CollectorRun.objects.get()
    account = Account.objects.get()
    assert (run.pk, run.kind, run.outcome) == (told["run"], "import", "ok")
    assert run.feed_id == f"import_coinspot/{account.pk}"
    assert (run.feed.scope, run.feed.ledger, run.feed.every) == (str(account.pk), "exchange", None)
    assert (run.fetched, run.new, run.duplicate, run.rejected) == (3, 3, 0, 0)
    assert len(run.payloads) == 1
    assert {fill.run_id for fill in Fill.objects.for_account(account.pk)} == {run.pk}
    assert told["since"] == "2026-03-17T22:15:00+00:00"
    assert told["until"] == "2026-03-19T11:01:00+00:00"
    first, last = (datetime.fromisoformat(told[name]) for name in ("since", "until"))
    assert gaps(run.feed_id, Window(first, last), pair()) == []
    assert gaps(run.feed_id, Window(first - timedelta(1), last), pair())
    assert gaps(run.feed_id, Window(first, last + timedelta(1)), pair())


def test_importing_again_changes_no_fact(ledger, capsys, tmp_path) -> None:
    path = written(tmp_path, text(BUY, SELL, SWAP))
    imported(capsys, path)
    before = facts()
    told = imported(capsys, path)
    assert (told["new"], told["duplicate"], told["rejected"]) == (0, 3, 0)
    assert facts() == before


def test_a_dry_run_says_the_same_and_writes_nothing(ledger, capsys, tmp_path) -> None:
    path = written(tmp_path, text(BUY, SELL, BUY.replace("Buy", "Gift"), SWAP, "torn"))
    before = rows()
    dry = imported(capsys, path, "--dry-run")
    assert rows() == before
    real = imported(capsys, path)
    assert rows() != before
    ours = ("run", "account_id", "dry_run")
    assert {key: dry[key] for key in dry if key not in ours} == {
        key: real[key] for key in real if key not in ours
    }
    assert (dry["dry_run"], dry["run"], dry["account_id"]) == (True, None, None)


def test_the_summary_for_a_person_names_counts_and_lines(ledger, capsys, tmp_path) -> None:
    path = written(tmp_path, text(BUY, SELL.replace("SOLO", "WXYZ"), BUY.replace("Buy", "Gift")))
    run_import(path, "--dry-run")
    said = capsys.readouterr()
    assert "Would import trades.csv into 'CoinSpot' of mia: 3 lines, 2 new fills" in said.out
    assert "1 rejected" in said.out
    assert "Assets that nobody described yet: WXYZ." in said.out
    assert "Nothing was written." in said.out
    assert said.err == "line 4: unknown_type: Type is 'Gift', neither Buy nor Sell.\n"


def test_an_unknown_asset_is_kept_unverified_and_named(ledger, capsys, tmp_path) -> None:
    path = written(tmp_path, text(SELL.replace("SOLO", "WXYZ")))
    assert imported(capsys, path)["new_assets"] == ["WXYZ"]
    assert not Asset.objects.get(pk="WXYZ").is_verified
    assert imported(capsys, path)["new_assets"] == []


def test_a_bad_line_is_rejected_with_its_number_and_the_rest_is_imported(
    ledger, capsys, tmp_path
) -> None:
    bad = BUY.replace("792.07920792", "7" * 70)
    told = imported(capsys, written(tmp_path, text(BUY, bad, "", "a,b", SELL, 'x,"open')))
    assert [(one["line"], one["reason"]) for one in told["rejects"]] == [
        (3, "too_long"),
        (5, "broken_line"),
        (7, "broken_line"),
    ]
    assert told["rejects"][0]["item"] == bad
    assert (told["lines"], told["new"], told["rejected"]) == (5, 2, 3)
    kept = RejectedRecord.objects.order_by("pk")
    assert [one.reason for one in kept] == ["too_long", "broken_line", "broken_line"]
    assert kept[0].detail == "Line 3: Amount has more than 60 digits."
    assert kept[0].item == bad
    assert CollectorRun.objects.get().outcome == "partial"


def test_a_truncated_last_line_is_named_as_such(ledger, capsys, tmp_path) -> None:
    content = text(BUY) + SELL[:60]
    (reject,) = imported(capsys, written(tmp_path, content))["rejects"]
    assert (reject["line"], reject["reason"]) == (3, "broken_line")
    assert reject["detail"].endswith("the file ends in the middle of it.")


def test_a_last_line_without_a_line_end_is_whole(ledger, capsys, tmp_path) -> None:
    assert imported(capsys, written(tmp_path, text(BUY, SELL)[:-1]))["new"] == 2


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + text(BUY, SELL).encode(),
        text(BUY, SELL).encode("utf-16"),
        text(BUY, SELL, end="\r\n").encode(),
        text(BUY, SELL, end="\r").encode(),
        text(BUY.replace(",", ";"), SELL.replace('"1,000"', "1000").replace(",", ";"),
             header=COINSPOT.replace(",", ";")).encode(),
        text(BUY.replace(",", "\t"), SELL.replace('"1,000"', "1000").replace(",", "\t"),
             header=COINSPOT.replace(",", "\t")).encode(),
        text('"' + BUY.replace(",", '","') + '"', SELL, header='"' +
             COINSPOT.replace(",", '","') + '"').encode(),
        text("", BUY, ",,,,,,,,,,", SELL, "   ", header=COINSPOT.upper()).encode(),
    ],
    ids=["bom", "utf-16", "crlf", "cr", "semicolons", "tabs", "quotes", "blanks"],
)  # fmt: skip
def test_what_a_spreadsheet_did_to_the_file_does_not_matter(
    ledger, capsys, tmp_path, content
) -> None:
    plain = imported(capsys, written(tmp_path, text(BUY, SELL)))
    told = imported(capsys, written(tmp_path, content, "other.csv"))
    assert plain["new"] == 2
    assert (told["new"], told["duplicate"], told["rejected"]) == (0, 2, 0)


def test_the_columns_may_stand_in_any_order(ledger, capsys, tmp_path) -> None:
    imported(capsys, written(tmp_path, text(*TRADES, header=OMC)), form="omc")
    turned = [",".join(reversed(line.split(","))) for line in (OMC, *TRADES)]
    told = imported(capsys, written(tmp_path, "\n".join(turned), "turned.csv"), form="omc")
    assert (told["new"], told["duplicate"]) == (0, 5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "trades.csv is empty"),
        (b"\n  \n", "trades.csv is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "not text in UTF-8"),
        (b"PK\x03\x04" + b"\0" * 40, "a binary file"),
        (f"{COINSPOT},Mood\n".encode(), r"unknown column 'Mood'. The columns .*Transaction Date"),
        (b"Transaction Date,Type\n", "lacks the column Market, Amount"),
        (f"{COINSPOT},Type\n".encode(), "names a column twice"),
        (b"txid,ordertxid,pair,time,type,ordertype,price\n", "an export of Kraken"),
        (b"Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n", "an export of Binance"),
        (b"You can use this report\n\nTimestamp,Transaction Type,Asset,Quantity Transacted\n",
         "an export of Coinbase"),
        (b"Transaction Date,Type,Coin,Status,Fee,Amount,Address,Txid,Aud\n",
         "CoinSpot .sends and receives"),
        (f"{OMC}\n".encode(), "the omc format"),
        (b'"open\n', "does not begin with a header"),
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_is_refused_whole(ledger, tmp_path, content, message) -> None:
    before = rows()
    with pytest.raises(CommandError, match=message) as error:
        run_import(written(tmp_path, content))
    assert str(error.value).endswith("Nothing was imported.")
    assert rows() == before


def test_a_coinspot_file_under_the_other_format_is_recognised(ledger, tmp_path) -> None:
    with pytest.raises(CommandError, match="is an export of CoinSpot, not in this format"):
        run_import(written(tmp_path, text(BUY)), form="omc")


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_missing_file_is_named(ledger, tmp_path, name) -> None:
    with pytest.raises(CommandError, match=re.escape(str(tmp_path / name))):
        run_import(tmp_path / name)


def test_a_file_of_which_no_line_is_usable_exits_with_1_and_keeps_the_reasons(
    ledger, capsys, tmp_path
) -> None:
    with pytest.raises(SystemExit) as exited:
        run_import(written(tmp_path, text(BUY.replace("Buy", "Gift"))))
    assert exited.value.code == 1
    assert CollectorRun.objects.get().outcome == "drift"
    assert RejectedRecord.objects.get().reason == "unknown_type"
    assert not Coverage.objects.exists()


def test_a_file_with_a_header_alone_is_an_empty_import(ledger, capsys, tmp_path) -> None:
    told = imported(capsys, written(tmp_path, text()))
    assert (told["lines"], told["since"]) == (0, None)
    assert CollectorRun.objects.get().outcome == "empty"


def test_a_missing_user_is_named_with_the_remedy(ledger, tmp_path) -> None:
    path = written(tmp_path, text(BUY))
    with pytest.raises(CommandError, match=r"no user 'mia'\. Check the name, or add --create-user"):
        call_command("import_fills", str(path), "--format", "coinspot", "--user", "mia")
    assert not get_user_model().objects.exists()


def test_a_created_user_cannot_log_in_and_an_existing_one_is_left_alone(
    ledger, capsys, tmp_path
) -> None:
    path = written(tmp_path, text(BUY))
    imported(capsys, path)
    user = get_user_model().objects.get()
    assert not user.has_usable_password()
    user.set_password("something long and own")
    user.save()
    imported(capsys, path)
    assert get_user_model().objects.get().password == user.password


def test_a_new_account_takes_the_options_and_an_old_one_must_agree(
    ledger, capsys, tmp_path
) -> None:
    path = written(tmp_path, text(BUY))
    more = ("--account", "Old", "--base-currency", "nzd", "--fees", "separate")
    imported(capsys, path, *more)
    account = Account.objects.get()
    assert (account.name, account.base_currency, account.fees) == ("Old", "NZD", "separate")
    imported(capsys, path, "--account", "Old")
    before = rows()
    with pytest.raises(CommandError, match="has the base currency 'NZD', not 'AUD'"):
        run_import(path, "--account", "Old", "--base-currency", "AUD")
    with pytest.raises(CommandError, match="way to count fees 'separate', not 'basis'"):
        run_import(path, "--account", "Old", "--fees", "basis")
    assert rows() == before


def test_two_accounts_hold_the_same_trade_each(ledger, capsys, tmp_path) -> None:
    path = written(tmp_path, text(BUY))
    assert imported(capsys, path)["new"] == 1
    assert imported(capsys, path, "--account", "Second")["new"] == 1
    assert Fill.objects.of_everyone().count() == 2


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("--time-zone", "Mars/Base", "no time zone 'Mars/Base'"), ("--base-currency", "A$", "symbol")],
)
def test_an_option_that_cannot_be_is_refused(ledger, tmp_path, option, value, message) -> None:
    with pytest.raises(CommandError, match=message):
        run_import(written(tmp_path, text(BUY)), option, value)


def test_the_future_is_rejected(ledger, capsys, tmp_path) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=2)).isoformat()  # noqa: TID251
    line = TRADES[0].replace("2026-03-18T09:15:00+11:00", ahead)
    told = imported(capsys, written(tmp_path, text(line, TRADES[1], header=OMC)), form="omc")
    assert [one["reason"] for one in told["rejects"]] == ["future"]


def test_an_id_with_another_content_is_rejected_in_the_file_and_against_what_is_stored(
    ledger, capsys, tmp_path
) -> None:
    other = TRADES[0].replace("0.5", "0.6")
    flow = TRADES[3].replace("t4", "t1")
    path = written(tmp_path, text(TRADES[0], other, flow, TRADES[0], header=OMC))
    told = imported(capsys, path, form="omc")
    assert (told["new"], told["duplicate"]) == (1, 1)
    assert [(one["line"], one["reason"]) for one in told["rejects"]] == [
        (3, "conflicting_id"),
        (4, "conflicting_id"),
    ]
    assert "quantity 0.5, now 0.6" in told["rejects"][0]["detail"]
    later = written(tmp_path, text(TRADES[1], other, header=OMC), "later.csv")
    told = imported(capsys, later, form="omc")
    assert (told["new"], told["rejects"][0]["reason"]) == (1, "conflicting_id")
    assert Fill.objects.of_everyone().get(venue_id="t1").quantity == Decimal("0.5")


NEAR = BUY.replace("09:15 AM", "09:16 AM").replace("792.07920792", "792.0792")


def test_a_near_match_of_a_stored_fill_is_a_possible_duplicate(ledger, capsys, tmp_path) -> None:
    imported(capsys, written(tmp_path, text(BUY)))
    before = facts()
    told = imported(capsys, written(tmp_path, text(NEAR, SELL), "near.csv"))
    (reject,) = told["rejects"]
    assert (reject["line"], reject["reason"]) == (2, "possible_duplicate")
    assert "import a file that holds both" in reject["detail"]
    assert told["new"] == 1
    assert all(row in facts()["Fill"] for row in before["Fill"])


def test_a_file_that_holds_both_tells_them_apart(ledger, capsys, tmp_path) -> None:
    imported(capsys, written(tmp_path, text(BUY)))
    told = imported(capsys, written(tmp_path, text(BUY, NEAR), "both.csv"))
    assert (told["new"], told["duplicate"], told["rejected"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("old", "new"),
    [("09:15 AM", "09:17 AM"), ("792.07920792", "790"), ("Buy", "Sell"), ("ALGO", "SOLO")],
)
def test_what_is_not_near_is_another_trade(ledger, capsys, tmp_path, old, new) -> None:
    imported(capsys, written(tmp_path, text(BUY)))
    other = BUY.replace(old, new)
    if new == "790":
        other = other.replace("200.00", "199.48")
    if new == "Sell":
        other = other.replace("200.00", "196.04")
    assert imported(capsys, written(tmp_path, text(other), "other.csv"))["new"] == 1


def test_two_ids_of_a_venue_are_two_trades_however_alike(ledger, capsys, tmp_path) -> None:
    imported(capsys, written(tmp_path, text(TRADES[0], header=OMC)), form="omc")
    twin = TRADES[0].replace("t1", "t9")
    assert imported(capsys, written(tmp_path, text(twin, header=OMC)), form="omc")["new"] == 1


def test_the_same_trade_in_the_other_format_is_a_possible_duplicate(
    ledger, capsys, tmp_path
) -> None:
    imported(capsys, written(tmp_path, text(BUY)), "--account", "Mine")
    line = "2026-03-17T22:15:31Z,buy,ALGO,AUD,792.0792,0.25,1.98,AUD,o-1"
    with pytest.raises(SystemExit):
        run_import(
            written(tmp_path, text(line, header=OMC), "o.csv"), "--account", "Mine", form="omc"
        )
    assert RejectedRecord.objects.get().reason == "possible_duplicate"


def test_a_long_file_takes_no_more_statements_than_a_short_one(ledger, capsys, tmp_path) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    lines = [
        f"{start + timedelta(minutes=3 * number):%Y-%m-%dT%H:%M:%SZ},buy,BTC,AUD,1,2,,,"
        for number in range(2_000)
    ]
    counts = []
    for first, last in ((0, 10), (10, 20), (20, 2_000)):
        path = written(tmp_path, text(*lines[first:last], header=OMC))
        for name in ("fills", "duplicate"):
            with CaptureQueriesContext(connection) as queries:
                assert imported(capsys, path, form="omc")[name] == last - first
            counts.append(len(queries))
    assert counts[4] <= counts[2] + 2, counts
    assert counts[5] <= counts[3] + 2, counts


def test_two_imports_at_once_store_each_trade_once(ledger, tmp_path) -> None:
    get_user_model().objects.create_user("mia")
    content = text(BUY, SELL, SWAP).encode()
    ask = ImportAsk(file="a.csv", format="coinspot", user="mia")

    def load(_: int) -> int:
        try:
            return import_file(content, ask, now=datetime(2026, 11, 1, tzinfo=UTC)).fills
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(load, range(4))) == [0, 0, 0, 3]
    assert Account.objects.count() == 1
    assert Fill.objects.of_everyone().count() == 3
