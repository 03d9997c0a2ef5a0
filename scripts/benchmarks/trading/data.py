"""Histories of fills, the same at every run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from trading.core.entries import Side, Trade

START = datetime(2024, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
FEE = Decimal("0.001")
CENT = Decimal("0.01")
CURRENCY = "AUD"


def trades(number: int, *, assets: int) -> Iterator[Trade]:
    """Yield purchases and sales for cash with a fee in cash; of three sales, two cut a lot.

    Of every asset a little more is bought than sold, so that each stays held.
    """
    random = Random(7)  # noqa: S311  # the same numbers at every run
    held = [Decimal(0)] * assets
    for i in range(number):
        place = i // 2 % assets
        quantity = Decimal(random.randint(1, 10**8)).scaleb(-8)
        price = Decimal(random.randint(10**6, 10**7)).scaleb(-2)
        side = Side.SELL if i % 2 and held[place] > quantity else Side.BUY
        held[place] += quantity if side is Side.BUY else -quantity
        yield Trade(
            at=START + i * STEP,
            key=f"{i:08}",
            side=side,
            base=f"C{place:03}",
            quote=CURRENCY,
            quantity=quantity,
            price=price,
            fee=(quantity * price * FEE).quantize(CENT),
            fee_asset=CURRENCY,
        )
