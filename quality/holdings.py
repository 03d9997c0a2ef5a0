"""What accounts hold, straight from fills and transfers: an oracle beside the books of trading."""

from __future__ import annotations

MOVES = """
    WITH fills AS (
        SELECT f.* FROM exchange_fill f
        WHERE NOT f.withdrawn AND f.known_at <= %(horizon)s AND NOT EXISTS (
            SELECT FROM exchange_fill later
            WHERE later.account_id = f.account_id AND later.venue_id = f.venue_id
              AND later.revision > f.revision AND later.known_at <= %(horizon)s)
    ),
    transfers AS (
        SELECT f.*, CASE WHEN kind IN ('withdrawal', 'transfer_out') THEN -1 ELSE 1 END AS sign
        FROM exchange_transfer f
        WHERE NOT f.withdrawn AND f.known_at <= %(horizon)s AND NOT EXISTS (
            SELECT FROM exchange_transfer later
            WHERE later.account_id = f.account_id AND later.venue_id = f.venue_id
              AND later.revision > f.revision AND later.known_at <= %(horizon)s)
    ),
    moves AS (
        SELECT account_id, event_at, known_at, base AS asset,
               CASE side WHEN 'buy' THEN quantity ELSE -quantity END AS quantity
        FROM fills
        UNION ALL
        SELECT account_id, event_at, known_at, quote,
               CASE side WHEN 'buy' THEN -quantity * price ELSE quantity * price END FROM fills
        UNION ALL
        SELECT account_id, event_at, known_at, fee_asset, -fee FROM fills WHERE fee <> 0
        UNION ALL
        SELECT account_id, event_at, known_at, asset, sign * quantity FROM transfers
        UNION ALL
        SELECT account_id, event_at, known_at, fee_asset, -fee FROM transfers WHERE fee <> 0
    )
"""
"""Common table expressions: each change of each asset of each account, as known at a horizon."""


def with_moves(question: str) -> str:
    """Return a question that goes on after those expressions: more of them, or its SELECT."""
    return MOVES + question
