"""Bad input, from the file to the number: each kind with its outcome, and the rest counts.

A line that cannot be meant is rejected with its number and the reason, in the summary, on stderr
and among the kept rejects; what stands around it is imported and booked as if it were not there.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from ledgers.exchange.models import Fill, Order, Transfer
from ledgers.models import Asset, CollectorRun, RejectedRecord
from trading.tests.files import HEADERS, ask, bid_now

pytestmark = pytest.mark.usefixtures("ledger")
D = Decimal
SEVENTY = "1" * 70
GOOD = {
    "omc": (
        "2026-03-01T00:00:00Z,buy,BTC,AUD,2,100,1,AUD,g1",
        "2026-03-02T00:00:00+11:00,sell,BTC,AUD,1,150,1,AUD,g2",
    ),
    "coinspot": (
        "01/03/2026 10:00 AM,Buy,BTC/AUD,2 BTC,100.5 AUD,100 AUD,1 AUD,1 AUD,0 AUD,201 AUD,201 AUD",
        "02/03/2026 10:00 AM,Sell,BTC/AUD,1 BTC,149 AUD,150 AUD,1 AUD,1 AUD,0 AUD,149 AUD,149 AUD",
    ),
}
OMC = "2026-03-01T12:00:00Z,buy,BTC,AUD,5,77,1,AUD,b1"
COINSPOT = "01/03/2026 09:00 PM,Buy,BTC/AUD,5 BTC,77.2 AUD,77 AUD,1 AUD,1 AUD,0 AUD,386 AUD,386 AUD"
_AT = COINSPOT.replace("01/03/2026 09:00 PM", "@")
BAD: list[tuple[str, str, str, str]] = [
    ("omc", "a negative quantity", OMC.replace(",5,", ",-5,"), "not_positive"),
    ("omc", "a quantity of zero", OMC.replace(",5,", ",0,"), "not_positive"),
    ("omc", "a negative zero", OMC.replace(",5,", ",-0.0,"), "not_positive"),
    ("omc", "no quantity", OMC.replace(",5,", ",,"), "not_a_number"),
    ("omc", "no price", OMC.replace(",77,", ",,"), "not_a_number"),
    ("omc", "a negative price", OMC.replace(",77,", ",-77,"), "not_positive"),
    ("omc", "a negative fee", OMC.replace(",1,AUD", ",-1,AUD"), "negative"),
    ("omc", "a fee of no asset", OMC.replace(",1,AUD", ",1,"), "no_fee_asset"),
    ("omc", "no number", OMC.replace(",77,", ",NaN,"), "not_a_number"),
    ("omc", "an infinite number", OMC.replace(",77,", ",inf,"), "not_a_number"),
    ("omc", "70 digits", OMC.replace(",5,", f",{SEVENTY},"), "too_long"),
    ("omc", "70 decimals", OMC.replace(",77,", f",0.{SEVENTY},"), "too_long"),
    ("omc", "70 digits of fee", OMC.replace(",1,AUD", f",{SEVENTY},AUD"), "too_long"),
    ("omc", "a time without a zone", OMC.replace("12:00:00Z", "12:00:00"), "no_time_zone"),
    ("omc", "a date alone", OMC.replace("2026-03-01T12:00:00Z", "2026-03-01"), "no_time_zone"),
    ("omc", "a time to come", OMC.replace("2026-03-01", "2099-03-01"), "future"),
    ("omc", "an id that was used", OMC.replace("b1", "g1"), "conflicting_id"),
    ("omc", "a side nobody knows", OMC.replace("buy", "stake"), "unknown_side"),
    ("omc", "an asset against itself", OMC.replace("BTC", "AUD"), "same_asset"),
    ("omc", "no asset", OMC.replace("BTC", ""), "not_a_symbol"),
    ("omc", "one cell too few", OMC.rpartition(",")[0], "broken_line"),
    ("omc", "one cell too many", f"{OMC},more", "broken_line"),
    ("omc", "an open quote", OMC.replace("b1", '"b1'), "broken_line"),
    ("coinspot", "a negative quantity", COINSPOT.replace(",5 BTC", ",-5 BTC"), "not_positive"),
    ("coinspot", "a quantity of zero", COINSPOT.replace(",5 BTC", ",0 BTC"), "not_positive"),
    ("coinspot", "no price", COINSPOT.replace(",77 AUD", ","), "not_a_number"),
    ("coinspot", "70 digits", COINSPOT.replace(",5 BTC", f",{SEVENTY} BTC"), "too_long"),
    ("coinspot", "another unit", COINSPOT.replace(",5 BTC", ",5 ETH"), "other_unit"),
    ("coinspot", "a negative fee", COINSPOT.replace("1 AUD,0", "-1 AUD,0"), "negative"),
    ("coinspot", "two totals", COINSPOT.replace("386 AUD,386", "386 AUD,390"), "totals_disagree"),
    ("coinspot", "a skipped hour", _AT.replace("@", "04/10/2026 02:30 AM"), "no_such_time"),
    ("coinspot", "no such day", _AT.replace("@", "31/02/2026 09:00 PM"), "not_a_time"),
    ("coinspot", "one cell too few", COINSPOT.rpartition(",")[0], "broken_line"),
]
BOUGHT = D(201)


def _imports(folder: Path, content: bytes, form: str) -> tuple[dict[str, Any], str]:
    """Import bytes; return the summary, and what was said on stderr."""
    file = folder / "trades.csv"
    file.write_bytes(content)
    out, err = StringIO(), StringIO()
    words = ("import_fills", str(file), "--format", form, "--user", "ada", "--create-user")
    call_command(*words, "--json", stdout=out, stderr=err)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told, err.getvalue()


def _file(form: str, *lines: str) -> str:
    return "\n".join((HEADERS[form], *lines)) + "\n"


def _stands_as_if_alone() -> None:
    """The two good lines are booked: two bought with a fee for 201, one sold for 149."""
    bid_now(BTC="160")
    told = ask()
    assert (told["fills"], told["transfers"]) == (2, 0)
    assert D(told["realized"]) == 149 - BOUGHT / 2
    assert D(told["unrealized"]) == 160 - BOUGHT / 2
    assert (told["complete"], told["missing"], told["unmatched"]) == (True, [], {})


@pytest.mark.parametrize(
    ("form", "line", "reason"),
    [pytest.param(form, line, reason, id=f"{form}: {what}") for form, what, line, reason in BAD],
)
def test_a_line_that_cannot_be_meant_costs_itself_alone(
    tmp_path: Path, form: str, line: str, reason: str
) -> None:
    first, second = GOOD[form]
    told, said = _imports(tmp_path, _file(form, first, line, second).encode(), form)
    assert [(one["line"], one["reason"]) for one in told["rejects"]] == [(3, reason)]
    assert told["rejects"][0]["detail"].endswith(".")
    assert (told["lines"], told["new"], told["rejected"], told["duplicate"]) == (3, 2, 1, 0)
    assert said.startswith(f"line 3: {reason}: ")
    (kept,) = RejectedRecord.objects.all()
    assert (kept.reason, kept.detail.startswith("Line 3: ")) == (reason, True)
    assert CollectorRun.objects.get(kind="import").outcome == "partial"
    _stands_as_if_alone()


def _semicolons(text: str) -> bytes:
    return text.replace(",", ";").encode()


def _quotes(text: str) -> bytes:
    lines = (line.replace(",", '","') for line in text.splitlines())
    return "".join(f'"{line}"\n' for line in lines).encode()


DRESSES: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "with a BOM": lambda text: codecs.BOM_UTF8 + text.encode(),
    "in UTF-16": lambda text: text.encode("utf-16"),
    "with semicolons": _semicolons,
    "with tabs": lambda text: text.replace(",", "\t").encode(),
    "in quotes": _quotes,
    "with a BOM, in quotes, with semicolons": lambda text: (
        codecs.BOM_UTF8 + _quotes(text).replace(b'","', b'";"')
    ),
    "with the ends of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "with the ends of an old Mac": lambda text: text.replace("\n", "\r").encode(),
    "without a last end": lambda text: text.removesuffix("\n").encode(),
}


@pytest.mark.parametrize("form", ["omc", "coinspot"])
@pytest.mark.parametrize("dress", DRESSES)
def test_what_a_spreadsheet_did_to_a_file_changes_neither_what_counts_nor_what_is_rejected(
    tmp_path: Path, form: str, dress: str
) -> None:
    bad = {"omc": OMC.replace(",5,", ",0,"), "coinspot": COINSPOT.replace(",5 BTC", ",0 BTC")}
    first, second = GOOD[form]
    content = DRESSES[dress](_file(form, first, bad[form], second))
    told, _ = _imports(tmp_path, content, form)
    assert [(one["line"], one["reason"]) for one in told["rejects"]] == [(3, "not_positive")]
    assert (told["new"], told["rejected"]) == (2, 1)
    again, _ = _imports(tmp_path, _file(form, first, second).encode(), form)
    assert (again["new"], again["duplicate"], again["rejected"]) == (0, 2, 0)
    _stands_as_if_alone()


@pytest.mark.parametrize("form", ["omc", "coinspot"])
def test_a_last_line_that_was_cut_off_anywhere_in_its_cells_is_never_booked_as_a_whole_one(
    tmp_path: Path, form: str
) -> None:
    """Only the last cell can be cut unnoticed; a line without it is broken."""
    last = {"omc": OMC, "coinspot": COINSPOT}[form]
    for length in range(1, last.rindex(",") + 1, 7):
        content = _file(form, *GOOD[form]) + last[:length]
        told, _ = _imports(tmp_path, content.encode(), form)
        (reject,) = told["rejects"]
        assert (reject["line"], reject["reason"]) == (4, "broken_line")
        assert "the file ends in the middle of it" in reject["detail"]
    assert Fill.objects.of_everyone().count() == 2
    _stands_as_if_alone()


def test_a_coinspot_total_that_was_cut_off_contradicts_the_other(tmp_path: Path) -> None:
    content = _file("coinspot", *GOOD["coinspot"]) + COINSPOT.removesuffix("6 AUD")
    told, _ = _imports(tmp_path, content.encode(), "coinspot")
    assert [(one["line"], one["reason"]) for one in told["rejects"]] == [(4, "totals_disagree")]
    _stands_as_if_alone()


@pytest.mark.parametrize("form", ["omc", "coinspot"])
def test_an_unknown_asset_is_made_unverified_and_named_and_its_trade_counts(
    tmp_path: Path, form: str
) -> None:
    line = {"omc": OMC, "coinspot": COINSPOT}[form].replace("BTC", "WXYZ")
    told, _ = _imports(tmp_path, _file(form, *GOOD[form], line).encode(), form)
    assert (told["new"], told["rejected"], told["new_assets"]) == (3, 0, ["WXYZ"])
    assert not Asset.objects.get(pk="WXYZ").is_verified
    bid_now(BTC="160")
    report = ask()
    assert report["missing"] == ["WXYZ"]
    assert D(report["unrealized"]) == 160 - BOUGHT / 2


def test_a_sell_before_its_buy_is_booked_as_unmatched(tmp_path: Path) -> None:
    """By time, not by the order of the lines; both are imported and none is lost."""
    lines = (
        "2026-03-02T00:00:00Z,buy,BTC,AUD,2,100,,,s2",
        "2026-03-01T00:00:00Z,sell,BTC,AUD,1,150,,,s1",
    )
    told, _ = _imports(tmp_path, _file("omc", *lines).encode(), "omc")
    assert (told["new"], told["rejected"]) == (2, 0)
    bid_now(BTC="160")
    report = ask()
    assert (report["unmatched"], report["complete"]) == ({"BTC": "1"}, False)
    assert (report["realized"], report["realized_unmatched"]) == ("0", "150")
    assert report["unrealized"] == "120"


def test_an_id_that_is_told_again_with_other_content_keeps_the_first_one(tmp_path: Path) -> None:
    """Also in another file, and for an entry of another kind."""
    _imports(tmp_path, _file("omc", *GOOD["omc"]).encode(), "omc")
    other = GOOD["omc"][0].replace(",2,100,", ",3,100,")
    flow = "2026-03-01T00:00:00Z,deposit,BTC,,2,100,,,g1"
    new = OMC.replace("b1", "g3").replace("buy", "sell").replace(",5,", ",0.5,")
    told, _ = _imports(tmp_path, _file("omc", other, flow, new).encode(), "omc")
    assert [(one["line"], one["reason"]) for one in told["rejects"]] == [
        (2, "conflicting_id"),
        (3, "conflicting_id"),
    ]
    assert "quantity 2, now 3" in told["rejects"][0]["detail"]
    assert (told["new"], Transfer.objects.of_everyone().count()) == (1, 0)
    assert Order.objects.of_everyone().count() == Fill.objects.of_everyone().count() == 3


def test_the_summary_for_a_person_says_how_many_were_rejected(tmp_path: Path) -> None:
    file = tmp_path / "trades.csv"
    file.write_text(_file("omc", *GOOD["omc"], OMC.replace(",5,", ",0,")))
    out, err = StringIO(), StringIO()
    words = ("import_fills", str(file), "--format", "omc", "--user", "ada", "--create-user")
    call_command(*words, stdout=out, stderr=err)
    assert "3 lines, 2 new fills" in out.getvalue()
    assert "1 rejected" in out.getvalue()
    assert err.getvalue() == "line 4: not_positive: quantity is 0. It must be above zero.\n"
