"""Which assets a text names, and how sure that is: a labelled set, and the rules one by one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ledgers.assets import assets_in
from ledgers.catalogue import CATALOGUE
from ledgers.mentions import AMBIGUOUS, COMMON_NAMES, ENOUGH, OTHER_SENSE, RARE_NAMES, mentions

LABELLED = [
    (frozenset(filter(None, assets.split(","))), text)
    for assets, text in (
        line.split("\t")
        for line in (Path(__file__).parent / "data" / "mentions.tsv").read_text().splitlines()[1:]
    )
]


def confidence(text: str, symbol: str) -> Decimal:
    return next((one.confidence for one in mentions(text) if one.symbol == symbol), Decimal(0))


def test_the_labelled_texts_are_read_as_a_person_reads_them(capsys) -> None:
    right = wrong = missed = 0
    for labels, text in LABELLED:
        found = set(assets_in(text))
        right += len(found & labels)
        wrong += len(found - labels)
        missed += len(labels - found)
    precision, recall = right / (right + wrong), right / (right + missed)
    with capsys.disabled():
        told = f"precision {precision:.1%}, recall {recall:.1%}"
        print(f"\nAssets in {len(LABELLED)} texts: {told}.")  # noqa: T201  # for people
    assert len(LABELLED) >= 100
    assert precision >= 0.98
    assert recall >= 0.98


@pytest.mark.parametrize(
    ("text", "symbol", "other"),
    [
        ("Why $ONE rises", "ONE", "Why ONE rises"),
        ("Hyperliquid (HYPE)", "HYPE", "HYPE"),
        ("Solana rises", "SOL", "SOL rises"),
        ("LINK token rises", "LINK", "LINK rises"),
        ("Optimism mainnet", "OP", "Optimism rises"),
    ],
)
def test_stronger_evidence_gives_more_confidence(text, symbol, other) -> None:
    assert confidence(text, symbol) > confidence(other, symbol)


def test_what_is_doubtful_is_told_and_not_kept() -> None:
    assert 0 < confidence("ONE more thing", "ONE") < ENOUGH
    assert assets_in("ONE more thing") == []


def test_a_symbol_in_another_sense_is_no_asset_even_in_parentheses() -> None:
    assert assets_in("Lowe's earnings per share (EPS) of $3.06") == []
    assert assets_in("Crypto exchange sued over the Disabilities Act (ADA) compliance") == []
    assert assets_in("Buy $EPS, its estimates aside") == ["EPS"]


def test_each_asset_is_told_once_with_its_best_evidence() -> None:
    (found,) = mentions("Solana: SOL, or $SOL as traders write")
    assert (found.symbol, found.confidence) == ("SOL", Decimal("0.98"))


def test_a_headline_in_title_case_makes_no_name_of_a_word() -> None:
    assert assets_in("Why Every Big Market Maker Is Leaving Town") == []
    assert assets_in("The fund moved from Compound to a bank") == ["COMP"]


def test_shouting_makes_no_symbol_of_a_word() -> None:
    assert assets_in("CRYPTO IS THE ONE LINK THAT MATTERS") == []
    assert assets_in("BUY $LINK NOW") == ["LINK"]


@pytest.mark.parametrize("text", ["", " ", "$", "()", "$()", "\0", "₿", "ONE" * 500, "(" * 2000])
def test_nothing_is_found_in_nothing(text) -> None:
    assert assets_in(text) == []


def test_the_rules_speak_of_assets_that_there_are() -> None:
    names = {way for known in CATALOGUE for way in (known.name, *known.aliases)}
    symbols = {way for known in CATALOGUE for way in (known.symbol, *known.aliases)}
    assert names >= COMMON_NAMES | RARE_NAMES
    assert symbols >= AMBIGUOUS | set(OTHER_SENSE)
