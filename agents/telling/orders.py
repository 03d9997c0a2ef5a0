"""The user's own orders and fills: how many, and the newest ones number by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agents.evidence import SHOWN, Evidence, Telling, tellings
from agents.plans import Step
from agents.results import OrderData, OrderRow
from agents.telling.phrases import between, exact, written

ROLES = {"quantity": "quantity ", "price": "at a price of ", "filled": "filled ", "fee": "fee "}


def evidence(_: int, step: Step, data: OrderData) -> Iterator[Evidence]:
    """Yield the count, the fees of all, and quantity, price, filled and fee of the newest."""
    asked = [str(step.args[name]) for name in ("side", "status") if name in step.args]
    sided = tuple(word for word in asked[:1] if word in ("buy", "sell"))
    yield Evidence(
        field="count", value=Decimal(data.count), unit="orders",
        assets=() if data.symbol == "*" else (data.symbol,),
        words=tuple(word for word in asked if word != "any"), window=data.window,
        rows=tuple(row.id for row in data.rows), label=step.label,
        over="count of orders and fills",
    )  # fmt: skip
    for paid in data.fees:
        yield Evidence(
            field="fee", value=paid.total, unit=paid.asset, window=data.window,
            assets=() if data.symbol == "*" else (data.symbol,), words=(*sided, "total"),
            rows=paid.entries, label=step.label, over=f"sum of the fees in {paid.asset}",
        )  # fmt: skip
    for row in data.rows[:SHOWN]:
        yield from _order(row)


def sentences(_: Step, own: Sequence[Evidence]) -> Iterator[str]:
    """Say how many orders there are, and each one's numbers."""
    count, *rest = own
    noun = "order or fill" if count.value == 1 else "orders and fills"
    yield f"You have {exact(count)} {noun} {between(count)} [{count.key}]."
    rows: dict[str, list[Evidence]] = {}
    for one in rest:
        if one.over:
            about = f" of {one.assets[0]}" if one.assets else ""
            yield f"All fees{about} {between(one)} were {exact(one)} {one.unit} [{one.key}]."
            continue
        rows.setdefault(one.rows[0], []).append(one)
    for parts in rows.values():
        kind, side, status, *_more = parts[0].words
        said = [f"{ROLES[one.field]}{exact(one)} {one.unit} [{one.key}]" for one in parts]
        at = written(parts[0].times[0])
        yield f"At {at}: {kind}, {side}, {status}, " + ", ".join(said) + "."


def _order(row: OrderRow) -> Iterator[Evidence]:
    fields = (
        ("quantity", row.quantity, row.base),
        ("price", row.price, row.quote),
        ("filled", row.filled, row.base),
        ("fee", row.fee, row.fee_asset),
    )
    words = (row.kind, row.side, row.status, row.account, row.source)
    for field, value, unit in fields:
        if value is not None and unit:
            yield Evidence(
                field=field, value=value, unit=unit, assets=(row.base,), words=words,
                times=(row.at,), rows=(row.id,),
            )  # fmt: skip


tellings["get_order_history"] = Telling(
    evidence=evidence, draft=sentences, subject="Your orders", ledger="Exchange"
)
