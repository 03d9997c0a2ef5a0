"""What titles announce, against titles that a person has labelled."""

from __future__ import annotations

from collections import Counter

import pytest

from ledgers.catalyst.classifying import LIKELY, SURE, UNSURE, announcement
from ledgers.catalyst.models import Event
from ledgers.catalyst.tests.titles import FRESH, TITLES

OTHER = Event.Kind.ANNOUNCEMENT
KINDS = {kind for kind in Event.Kind.values if kind not in ("sec_filing", "macro", "governance")}


def test_the_labelled_titles_are_many_distinct_and_of_every_kind() -> None:
    assert len({labelled.title for labelled in TITLES}) == len(TITLES) >= 200
    counted = Counter(labelled.kind for labelled in TITLES)
    assert set(counted) == KINDS
    assert min(counted.values()) >= 15


def test_titles_are_told_apart_and_what_is_missed_is_called_other(capsys) -> None:
    missed = [one for one in TITLES if announcement(one.title).kind != one.kind]
    with capsys.disabled():
        share = 1 - len(missed) / len(TITLES)
        print(f"\n{len(TITLES)} labelled titles, {share:.1%} right")  # noqa: T201  # the figure
    assert len(missed) <= 0.02 * len(TITLES), missed
    told = [announcement(one.title) for one in missed]
    assert all((one.kind, one.confidence) == (OTHER, UNSURE) for one in told)


def test_titles_that_no_rule_was_made_for_are_mostly_told_and_never_called_something_else(
    capsys,
) -> None:
    missed = [one for one in FRESH if announcement(one.title).kind != one.kind]
    share = 1 - len(missed) / len(FRESH)
    with capsys.disabled():
        print(f"\n{len(FRESH)} fresh titles, {share:.1%} right")  # noqa: T201  # the figure
    assert not {one.title for one in FRESH} & {one.title for one in TITLES}
    assert share >= 0.8, missed
    assert {announcement(one.title).kind for one in missed} == {OTHER}


@pytest.mark.parametrize("labelled", TITLES, ids=lambda labelled: labelled.title)
def test_the_assets_of_a_title_are_those_that_a_person_reads(labelled) -> None:
    assert announcement(labelled.title).assets == labelled.assets


@pytest.mark.parametrize(
    ("title", "kind", "confidence"),
    [
        ("Delisting of XYZ", "delisting", SURE),
        ("Delisting of XYZ (XYZ)", "delisting", SURE),
        ("Delisting of Litecoin", "delisting", SURE),
        ("Delisting of Avalanche", "delisting", LIKELY),
        ("Removal of Augur (REP)", "delisting", LIKELY),
        ("Newsletter: delistings", "announcement", SURE),
        ("We moved", "announcement", LIKELY),
        ("A word on Augur (REP)", "announcement", UNSURE),
    ],
)
def test_confidence_is_that_of_the_weaker_of_words_and_assets(title, kind, confidence) -> None:
    told = announcement(title)
    assert (told.kind, told.confidence) == (kind, confidence)


def test_an_unknown_coin_is_known_by_its_parentheses_and_ours_by_their_own_symbol() -> None:
    assert announcement("New coin listing: Zazaqoin (ZZQ)").assets == ["ZZQ"]
    assert announcement("New market: Stellar (STR/AUD)").assets == ["XLM"]
    assert announcement("Delisting of Neo (ANS)").assets == ["NEO"]


@pytest.mark.parametrize("text", ["(AEST)", "(USD)", "(2026)", "(KYC)", "(ERC20)", "(btc)"])
def test_what_else_stands_in_parentheses_is_no_asset(text) -> None:
    assert announcement(f"New coin listing tomorrow {text}").assets == []


def test_the_text_is_read_for_symbols_only_if_the_title_names_none() -> None:
    body = "On 3 March we delist Augur (REP) and Numeraire (NMR). Use Ethereum (ETH)."
    told = announcement("Coin delistings", body)
    assert (told.assets, told.confidence) == (["ETH", "NMR", "REP"], UNSURE)
    assert announcement("Delisting of Augur (REP)", body).assets == ["REP"]
    assert announcement("We have a new office", body).assets == []


@pytest.mark.parametrize(
    ("title", "impact"),
    [
        ("New listing: Sui (SUI)", "high"),
        ("Delisting of Sui (SUI)", "high"),
        ("Sui (SUI) hard fork", "medium"),
        ("Scheduled maintenance", "medium"),
        ("Staking rewards", "low"),
        ("A new office", "low"),
    ],
)
def test_impact_follows_the_kind(title, impact) -> None:
    assert announcement(title).impact == impact
