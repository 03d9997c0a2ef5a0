"""The SEC's forms."""

from __future__ import annotations

import json

import pytest

from ledgers.catalyst.companies import WATCHED, Company, companies_of, watched
from ledgers.catalyst.forms import filing_impact, filing_title, form_of, items_of
from ledgers.tests.sources import SAMPLES, samples_needed


@pytest.mark.parametrize(
    ("form", "items", "impact"),
    [
        ("8-K", ["2.02", "9.01"], "high"),
        ("8-K", ["1.03"], "high"),
        ("8-K", ["5.03", "9.01"], "medium"),
        ("8-K", ["5.07"], "medium"),
        ("8-K", [], "high"),
        ("8-K/A", ["8.01"], "high"),
        ("6-K", [], "high"),
        ("S-1", [], "high"),
        ("S-1/A", ["06b"], "high"),
        ("25-NSE", [], "high"),
        ("10-K", [], "medium"),
        ("10-Q/A", [], "medium"),
        ("424B5", [], "medium"),
        ("485BPOS", [], "medium"),
        ("N-1A", [], "medium"),
        ("SCHEDULE 13D/A", [], "medium"),
        ("SCHEDULE 13G", [], "medium"),
        ("4", [], "low"),
        ("144", [], "low"),
        ("CT ORDER", ["20231005"], "low"),
        ("DEFA14A", [], "low"),
    ],
)
def test_impact_follows_form_and_items_for_whom_we_watch_and_is_low_for_others(
    form, items, impact
) -> None:
    assert filing_impact(form, items, is_watched=True) == impact
    assert filing_impact(form, items, is_watched=False) == "low"


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("SC 13G", "SCHEDULE 13G"),
        ("SC 13G/A", "SCHEDULE 13G/A"),
        ("SC 13D/A", "SCHEDULE 13D/A"),
        ("SCHEDULE 13G/A", "SCHEDULE 13G/A"),
        ("SC TO-T/A", "SC TO-T/A"),
        ("8-K/A", "8-K/A"),
    ],
)
def test_a_form_has_one_name_before_and_after_the_sec_renamed_it(written, form) -> None:
    assert form_of(written) == form


def test_a_title_says_what_a_form_is_and_whether_it_corrects_one() -> None:
    assert filing_title("8-K") == "8-K: current report"
    assert filing_title("8-K/A") == "8-K/A: current report, amended"
    assert filing_title("CT ORDER") == "CT ORDER: filing"


@pytest.mark.parametrize(
    ("written", "form", "items"),
    [
        ("2.02,9.01", "8-K", ["2.02", "9.01"]),
        ("8.01, 9.1", "8-K", ["8.01", "9.01"]),
        ("5.2", "8-K/A", ["5.02"]),
        ("5,7", "8-K", ["5", "7"]),
        ("06b,3C,3C.7", "D", ["06b", "3C", "3C.7"]),
        ("S-3,,2023-05-31 17:00:00", "EFFECT", ["S-3", "2023-05-31 17:00:00"]),
        ("9.1", "D", ["9.1"]),
        ("", "4", []),
        (" , ", "4", []),
    ],
)
def test_items_are_parted_and_only_those_of_an_8_k_are_put_right(written, form, items) -> None:
    assert items_of(written, form) == items


def test_the_operator_s_list_replaces_ours_and_may_name_tickers(settings) -> None:
    assert list(watched()) == [company.cik for company in WATCHED]
    settings.OMC_SEC_WATCHLIST = ["1318605", "1045810=NVDA"]
    assert list(watched().values()) == [
        Company(1318605, "TSLA", "Tesla"),
        Company(1045810, "NVDA"),
    ]
    assert [company.cik for company in companies_of("NVDA")] == [1045810]
    assert companies_of("COIN") == []


def test_a_fund_is_found_by_the_asset_that_it_holds() -> None:
    assert {company.ticker for company in companies_of("BTC")} >= {"IBIT", "GBTC"}


@samples_needed
def test_every_watched_number_has_its_ticker_in_the_sec_s_own_list() -> None:
    listed = json.loads((SAMPLES / "edgar/company_tickers.json").read_text()).values()
    known = {(row["cik_str"], row["ticker"]) for row in listed}
    assert {(company.cik, company.ticker) for company in WATCHED} <= known
