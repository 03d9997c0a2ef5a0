"""Which feeds a user may see."""

from __future__ import annotations

from ledgers.collecting.registry import expected_feeds
from ledgers.exchange.models import Account
from ledgers.models import Feed, Ledger


def feeds_visible_to(user_id: int | None) -> list[Feed]:
    """Return the feeds of all ledgers, by name; of the Exchange ledger only the user's own.

    Also those that should be looked at and never were. Without a user, those of everyone.
    """
    expected = {feed.name: feed for feed in expected_feeds()}
    named = expected | {feed.name: feed for feed in Feed.objects.all()}
    feeds = [feed for _, feed in sorted(named.items())]
    if user_id is None:
        return feeds
    accounts = Account.objects.filter(user_id=user_id).values_list("pk", flat=True)
    own = {str(key) for key in accounts}
    return [feed for feed in feeds if feed.ledger != Ledger.EXCHANGE or feed.scope in own]
