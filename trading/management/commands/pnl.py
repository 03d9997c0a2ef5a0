"""manage.py pnl: what a user's accounts have earned."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trading.histories import UnbookableError
from trading.management.asking import add_question, moment_of, pair_of, user_id_of
from trading.reports import By, Holding, Line, PnlReport
from trading.serializers import PnlSerializer
from trading.services import QuestionError, UnknownAccountError, find_account, pnl_of
from trading.writing import money, units

AMOUNTS = {
    "equity": "what everything held is worth",
    "flows": "net deposits",
    "realized": "gained by sales",
    "realized_unmatched": "brought by units of unknown cost",
    "unrealized": "gained by what is held",
    "income": "rewards, interest, airdrops",
    "fees": "paid, outside the cost basis",
    "fees_in_basis": "paid, inside the cost basis",
}
COLUMNS = ("equity", "flows", "realized", "realized_unmatched", "unrealized", "income", "fees")


class Command(BaseCommand):
    """Tell profit and loss at one moment, as known at one."""

    help = "Tell what a user's accounts have earned: at a moment, as known at a moment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whose, when, and in which parts."""
        add_question(parser)
        parser.add_argument("--by", choices=[*By], help="also tell the parts")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        """Ask and print."""
        report = _ask(options)
        if options["json"]:
            body = {"user": options["user"], **PnlSerializer(report).data}
            self.stdout.write(json.dumps(body, indent=2))
            return
        for line in _told(report, options["user"]):
            self.stdout.write(line)


def _ask(options: dict[str, Any]) -> PnlReport:
    user_id = user_id_of(options["user"])
    try:
        account = find_account(user_id, options["account"]) if options["account"] else None
        return pnl_of(
            user_id,
            pair=pair_of(options["as_of"]),
            account_id=account.pk if account else None,
            method=options["method"],
            at=moment_of(options["at"], "--at"),
            by=options["by"],
        )
    except (QuestionError, UnbookableError, UnknownAccountError) as error:
        raise CommandError(str(error)) from error


def _told(report: PnlReport, user: str) -> Iterator[str]:
    """Yield the report as a person reads it; --json has every digit."""
    names = ", ".join(f"{one.name} ({one.currency})" for one in report.accounts)
    yield f"{user}: {names}. Method {report.method}. {report.fills} fills."
    yield f"At {report.at:%F %T} UTC, as known on {report.as_of:%F %T} UTC."
    yield ""
    if report.currency:
        rows = [
            (name.replace("_", " "), money(getattr(report, name)), report.currency, note)
            for name, note in AMOUNTS.items()
        ]
        yield from _table(rows, right={1})
    else:
        yield "The accounts are in several currencies and have no sum."
    yield from _part("by", [_line(line) for line in report.by], ("", *COLUMNS))
    held = [_holding(holding) for holding in report.holdings]
    yield from _part("held", held, ("asset", "quantity", "cost", "value", "price", "state"))
    yield ""
    yield from _completeness(report)
    yield f"Quality: {report.quality.state}. {report.quality.reason}"


def _part(name: str, rows: Sequence[Sequence[str]], head: Sequence[str]) -> Iterator[str]:
    if rows:
        yield ""
        heads = [name, *head[1:]] if not head[0] else list(head)
        yield from _table([[one.replace("_", " ") for one in heads], *rows], right=set(range(1, 8)))


def _line(line: Line) -> list[str]:
    return [f"{line.key} {line.currency}", *(money(getattr(line.amounts, n)) for n in COLUMNS)]


def _holding(holding: Holding) -> list[str]:
    price = holding.price
    age = timedelta(seconds=int(holding.age.total_seconds())) if holding.age else timedelta()
    state = f"{price.field}, {price.state.name.lower()}, {age} old" if price else "-"
    return [
        f"{holding.asset} ({holding.account.name})",
        units(holding.quantity),
        money(holding.cost),
        money(holding.value),
        units(price.value) if price else "-",
        "no price" if not price and holding.needs_price else state,
    ]


def _completeness(report: PnlReport) -> Iterator[str]:
    if report.complete:
        yield "Complete: every unit has a known cost and a fresh price."
    for asset, quantity in report.unmatched.items():
        yield (
            f"Incomplete: {units(quantity)} {asset} left without a known cost. Import the fills "
            "or transfers that brought them."
        )
    if report.missing:
        yield (
            f"Incomplete: no fresh bid, or no price when booked, of {', '.join(report.missing)}. "
            "Look at the last runs of the Glass collectors."
        )


def _table(rows: Sequence[Sequence[str]], *, right: set[int]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
