"""The SEC's forms: their names, what their items say, and how much a filing matters."""

from __future__ import annotations

import re
from collections.abc import Collection

from ledgers.catalyst.models import Event

Impact = Event.Impact

FORMS = {
    "8-K": "current report",
    "6-K": "current report of a foreign company",
    "10-K": "annual report",
    "20-F": "annual report of a foreign company",
    "10-Q": "quarterly report",
    "S-1": "registration of securities",
    "S-3": "registration of securities",
    "S-3ASR": "registration of securities, effective at once",
    "S-4": "registration of securities for a merger",
    "S-8": "registration of securities for employees",
    "N-1A": "registration of a fund",
    "485APOS": "changed prospectus of a fund",
    "485BPOS": "changed prospectus of a fund, effective at once",
    "424B3": "prospectus",
    "424B5": "prospectus",
    "25": "removal from an exchange",
    "25-NSE": "removal from an exchange, by the exchange",
    "3": "first statement of an insider's holding",
    "4": "change in an insider's holding",
    "5": "yearly statement of an insider's holding",
    "144": "planned sale of restricted securities",
    "SCHEDULE 13G": "holding above five per cent",
    "SCHEDULE 13D": "holding above five per cent, active",
    "DEF 14A": "proxy statement",
    "EFFECT": "registration is effective",
}
RENAMED = {"SC 13G": "SCHEDULE 13G", "SC 13D": "SCHEDULE 13D"}
"""Names until December 2024, and since; one form has one name in the ledger."""

HIGH_FORMS = {"8-K", "6-K", "S-1", "25", "25-NSE"}
MEDIUM_FORMS = {
    *("10-K", "20-F", "10-Q", "S-3", "S-3ASR", "S-4", "N-1A", "485APOS", "485BPOS", "424B3"),
    *("424B5", "SCHEDULE 13D", "SCHEDULE 13G", "EFFECT"),
}
HIGH_ITEMS = {
    "1.01",  # a material agreement
    "1.02",  # the end of one
    "1.03",  # bankruptcy
    "1.05",  # a breach of security
    "2.01",  # a purchase or sale of assets is complete
    "2.02",  # results
    "2.03",  # a new debt
    "2.04",  # a debt falls due early
    "2.06",  # an impairment
    "3.01",  # may lose its place at the exchange
    "4.02",  # earlier accounts cannot be relied on
    "5.01",  # new control
    "5.02",  # directors and officers
    "7.01",  # fair disclosure, where holdings of coins are told
    "8.01",  # other events, too
}
CURRENT_ITEM = re.compile(r"(\d{1,2})\.(\d{1,2})[a-z]?")


def form_of(written: str) -> str:
    """Return a form under its present name; an amendment keeps its /A."""
    base, amended = plain_form(written), written.endswith("/A")
    return f"{RENAMED.get(base, base)}{'/A' if amended else ''}"


def plain_form(form: str) -> str:
    """Return a form without the sign of an amendment."""
    return form.removesuffix("/A")


def filing_title(form: str) -> str:
    """Say what a form is, and whether it corrects an earlier one."""
    base = plain_form(form)
    return f"{form}: {FORMS.get(base, 'filing')}{', amended' if form != base else ''}"


def items_of(written: str, form: str) -> list[str]:
    """Return the parts of a filing's items.

    Only an 8-K's are items of the form (2.02); the column holds what else the SEC needs to say of
    others: exemptions ("06b"), the registration and hour of an EFFECT ("S-3,,2023-05-31 17:00:00").
    Some 8-K write "9.1" for 9.01.
    """
    parts = [part.strip() for part in written.split(",") if part.strip()]
    return [_padded(part) for part in parts] if plain_form(form) == "8-K" else parts


def _padded(item: str) -> str:
    found = CURRENT_ITEM.fullmatch(item)
    return f"{int(found[1])}.{int(found[2]):02}" if found else item


def filing_impact(form: str, items: Collection[str], *, is_watched: bool) -> Event.Impact:
    """Weigh a filing by form and items; only those of watched companies can be above low.

    High: an S-1, a removal from an exchange (25), and a current report (8-K, 6-K) with an item
    that moves prices, or that does not say its items. Medium: all other current reports, periodic
    reports, prospectuses and registrations of funds, holdings above five per cent. Low: insiders'
    forms and whatever is left. An amendment weighs what it amends.
    """
    base = plain_form(form)
    if not is_watched:
        return Impact.LOW
    if base in HIGH_FORMS:
        is_minor = base == "8-K" and items and HIGH_ITEMS.isdisjoint(items)
        return Impact.MEDIUM if is_minor else Impact.HIGH
    return Impact.MEDIUM if base in MEDIUM_FORMS else Impact.LOW
