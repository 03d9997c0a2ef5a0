"""Which asset is meant."""

from __future__ import annotations

import pytest

from ledgers.assets import assets_in, note_assets, symbol_of
from ledgers.models import Asset
from ledgers.tests.factories import candle


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        ("ans", "NEO"),
        ("str", "XLM"),
        ("XBT", "BTC"),
        ("XXBT", "BTC"),
        ("ZAUD", "AUD"),
        ("zzz", "ZZZ"),
    ],
)
def test_the_symbols_of_sources_become_ours(written, symbol) -> None:
    assert symbol_of(written) == symbol


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bitcoin and ether rise", ["BTC", "ETH"]),
        ("BITCOIN RISES", ["BTC"]),
        ("SOL slides", ["SOL"]),
        ("The sol of Peru", []),
        ("Buy $OP now", ["OP"]),
        ("An op-ed on OP stacks", []),
        ("A listing of Optimism (OP)", ["OP"]),
        ("There is room for optimism", []),
        ("An avalanche of liquidations", []),
        ("Avalanche upgrades", ["AVAX"]),
        ("One more thing", []),
        ("Bitcoiners meet", []),
        ("Bitcoin Cash forks", ["BCH"]),
        ("The US dollar and the euro", []),
        ("", []),
    ],
)
def test_running_text_names_assets_by_whole_words(text, found) -> None:
    assert assets_in(text) == found


@pytest.mark.django_db
def test_an_asset_nobody_knows_is_kept_unverified_and_named() -> None:
    records = [candle(asset="NEWCOIN"), candle(asset="BTC")]
    assert note_assets(records) == ["NEWCOIN"]
    assert note_assets(records) == []
    assert not Asset.objects.get(pk="NEWCOIN").is_verified
    assert Asset.objects.get(pk="BTC").is_verified
