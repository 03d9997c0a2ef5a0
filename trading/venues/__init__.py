"""The venues that orders can go to; which one, an account says."""

from __future__ import annotations

from ledgers.exchange.models import Account
from trading.venues.coinspot import CoinSpotVenue
from trading.venues.paper import PaperVenue
from trading.venues.venue import Venue

VENUES: dict[str, type[Venue]] = {"paper": PaperVenue, "coinspot": CoinSpotVenue}


class NoVenueError(ValueError):
    """An account whose venue takes no orders."""


def venue_of(account: Account) -> Venue:
    """Return the venue of an account; raises `NoVenueError` if it takes no orders."""
    try:
        kind = VENUES[account.venue]
    except KeyError:
        raise NoVenueError(
            f"{account.venue} takes no orders. Orders can go to {', '.join(sorted(VENUES))}: "
            "make an account there."
        ) from None
    return kind(account)
