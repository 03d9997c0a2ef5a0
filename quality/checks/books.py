"""Checks of what users hold: by their fills, their venues and their books, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from ledgers.filling import SEED
from ledgers.models import Ledger
from ledgers.reading import pair
from ledgers.wire import fetch
from quality.findings import Finding, Level
from quality.holdings import with_moves
from quality.owning import owners_of
from quality.registry import register

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)

BALANCES = with_moves("""
    , told AS (
        SELECT DISTINCT ON (account_id, asset) account_id, asset, event_at, quantity
        FROM exchange_balance
        WHERE event_at > %(now)s - %(window)s AND event_at <= %(now)s AND NOT withdrawn
          AND known_at <= %(horizon)s
        ORDER BY account_id, asset, event_at DESC, revision DESC
    )
    SELECT told.account_id, told.asset, told.event_at, told.quantity,
           coalesce(sum(moves.quantity), 0)
    FROM told JOIN exchange_account own ON own.id = told.account_id
    LEFT JOIN moves ON moves.account_id = told.account_id AND moves.asset = told.asset
          AND moves.event_at <= told.event_at
    WHERE told.asset <> own.base_currency
    GROUP BY told.account_id, told.asset, told.event_at, told.quantity
    HAVING abs(told.quantity - coalesce(sum(moves.quantity), 0)) > %(most)s
    ORDER BY told.account_id, told.asset
""")
# What was sold beyond the lots is counted apart, as unmatched; cash has no lots.
BOOKS = with_moves("""
    , heads AS (
        SELECT own.id AS account_id, own.base_currency, head.horizon
        FROM exchange_account own JOIN trading_bookhead head ON head.user_id = own.user_id
        WHERE head.horizon IS NOT NULL AND NOT EXISTS (
            SELECT FROM trading_bookchange note
            WHERE note.account_id = own.id AND note.noted_at > head.horizon)
    ),
    facts AS (
        SELECT moves.account_id, moves.asset, sum(moves.quantity) AS quantity
        FROM moves JOIN heads ON heads.account_id = moves.account_id
        WHERE moves.known_at <= heads.horizon
        GROUP BY moves.account_id, moves.asset
    ),
    lots AS (
        SELECT account_id, asset, sum(rest) AS quantity FROM trading_booklot
        WHERE until IS NULL GROUP BY account_id, asset
    ),
    books AS (
        SELECT account_id, asset, quantity, quantity - unmatched AS booked
        FROM trading_bookposition WHERE until IS NULL
    ),
    both_sides AS (
        SELECT account_id, asset, coalesce(facts.quantity, 0) AS facts,
               coalesce(books.booked, 0) AS booked, coalesce(books.quantity, 0) AS held
        FROM books FULL JOIN facts USING (account_id, asset)
    )
    SELECT both_sides.account_id, both_sides.asset, facts, booked, held, coalesce(lots.quantity, 0)
    FROM both_sides JOIN heads ON heads.account_id = both_sides.account_id
    LEFT JOIN lots ON lots.account_id = both_sides.account_id AND lots.asset = both_sides.asset
    WHERE both_sides.asset <> heads.base_currency
      AND (abs(facts - booked) > %(most)s OR abs(held - coalesce(lots.quantity, 0)) > %(most)s)
    ORDER BY 1, 2
""")
LISTINGS = with_moves("""
    , named AS (
        SELECT DISTINCT ON (kind, asset) kind, asset, source, title, event_at
        FROM catalyst_event f CROSS JOIN LATERAL unnest(f.assets) AS named (asset)
        WHERE kind IN ('listing', 'delisting') AND NOT withdrawn
          AND coalesce(published_at, event_at) > %(now)s - %(window)s
          AND coalesce(published_at, event_at) <= %(now)s AND known_at <= %(horizon)s
          AND NOT EXISTS (
              SELECT FROM catalyst_event later
              WHERE later.source = f.source AND later.source_key = f.source_key
                AND later.revision > f.revision)
        ORDER BY kind, asset, event_at DESC
    ),
    held AS (
        SELECT own.user_id, moves.asset, sum(moves.quantity) AS quantity
        FROM moves JOIN exchange_account own ON own.id = moves.account_id
        WHERE moves.asset IN (SELECT asset FROM named) AND moves.event_at <= %(now)s
          AND own.venue NOT LIKE %(seed)s
        GROUP BY own.user_id, moves.asset HAVING sum(moves.quantity) > %(least)s
    ),
    watched AS (SELECT user_id, asset FROM quality_watch)
    SELECT user_id, named.kind, asset, named.source, named.title, named.event_at, held.quantity
    FROM named JOIN (held FULL JOIN watched USING (user_id, asset)) USING (asset)
    ORDER BY user_id, named.kind, asset
""")


@register("books.balances", ledger=Ledger.EXCHANGE, every=QUARTER)
def positions_are_what_venues_report(
    now: datetime,
    *,
    most: Annotated[Decimal, "Units of an asset: what venues cut off."] = Decimal("0.00000001"),
    window: Annotated[timedelta, "Older reports tell of what was then."] = 7 * DAY,
) -> Iterator[Finding]:
    """Fills and transfers of an account add up to the newest balance that its venue reports.

    The account's own currency is left out: its deposits are often not in an export.
    """
    question = {"now": now, "most": most, "window": window, "horizon": pair(now).horizon}
    rows = fetch(BALANCES, question)
    owners = owners_of(account for account, *_ in rows)
    for account, asset, at, reported, booked in rows:
        user_id, name, _ = owners[account]
        yield Finding(
            ledger=Ledger.EXCHANGE,
            subject=f"account {account} {asset}",
            level=Level.WARNING,
            message=(
                f"{name} held {reported.normalize():f} {asset} at {at:%F %T} UTC, says its venue. "
                f"Its fills and transfers come to {booked.normalize():f}."
            ),
            hint="Import what is missing: transfers, rewards, or an older part of the history.",
            user_id=user_id,
        )


@register("books.lots", ledger=Ledger.EXCHANGE, every=QUARTER)
def books_are_what_was_filled(
    now: datetime,
    *,
    most: Annotated[Decimal, "Units of an asset: books are exact."] = Decimal("1e-18"),
) -> Iterator[Finding]:
    """The kept books hold what fills and transfers say, and their lots what their positions say."""
    rows = fetch(BOOKS, {"most": most, "horizon": pair(now).horizon})
    owners = owners_of(account for account, *_ in rows)
    for account, asset, facts, booked, held, lots in rows:
        user_id, name, username = owners[account]
        yield Finding(
            ledger=Ledger.EXCHANGE,
            subject=f"account {account} {asset}",
            level=Level.ERROR,
            message=(
                f"The books of {name} hold {held.normalize():f} {asset} in lots of "
                f"{lots.normalize():f}, and come to {booked.normalize():f}. "
                f"Its facts come to {facts.normalize():f}."
            ),
            hint=f"Book its facts anew: manage.py rebuild_books --user {username}.",
            user_id=user_id,
        )


@register("books.listings", ledger=Ledger.CATALYST, every=timedelta(minutes=5))
def nothing_of_a_user_is_listed_or_delisted(
    now: datetime,
    *,
    window: Annotated[timedelta, "Long enough for its owner to see it."] = 7 * DAY,
    least: Annotated[Decimal, "Units of an asset: less is held by nobody."] = Decimal(0),
) -> Iterator[Finding]:
    """No asset that a user holds or watches was announced to be listed or delisted in `window`.

    Each user is told of the own assets only. The end of what one holds is worse than news.
    """
    question = {
        "now": now,
        "window": window,
        "least": least,
        "horizon": pair(now).horizon,
        "seed": f"{SEED}%",
    }
    for user_id, kind, asset, source, title, at, held in fetch(LISTINGS, question):
        is_end = kind == "delisting" and held is not None
        theirs = "which you watch" if held is None else f"of which you hold {held.normalize():f}"
        yield Finding(
            ledger=Ledger.CATALYST,
            subject=f"{kind} {asset} user {user_id}",
            level=Level.ERROR if is_end else Level.WARNING,
            message=(
                f"{source} announced a {kind} of {asset} for {at:%F %T} UTC, {theirs}: "
                f"{title[:200]}"
            ),
            hint=(
                "After it you may not be able to sell or withdraw: read the announcement."
                if is_end
                else "Read the announcement. When you know enough, acknowledge this."
            ),
            user_id=user_id,
        )
