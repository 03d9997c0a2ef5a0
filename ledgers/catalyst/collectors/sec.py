"""SEC EDGAR: the newest filings of everybody, and all filings of the companies we watch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.conf import settings
from psycopg.types.range import Range

from ledgers.catalyst.companies import WATCHED, Company
from ledgers.catalyst.models import Event
from ledgers.catalyst.records import EventRecord
from ledgers.collecting.collector import (
    Ask,
    Collector,
    Http,
    Looked,
    covered_by_list,
    each,
    member,
    slot_of,
)
from ledgers.collecting.errors import BadValueError, DriftError
from ledgers.collecting.http import is_replayed, require
from ledgers.collecting.payload import Payload
from ledgers.collecting.registry import register
from ledgers.collecting.values import iso_of, text_of
from ledgers.models import Ledger

CURRENT = "https://www.sec.gov/cgi-bin/browse-edgar"
SUBMISSIONS = "https://data.sec.gov/submissions/CIK{cik}.json"
ARCHIVE = "https://www.sec.gov/Archives/edgar/data/{cik}/{bare}/{accession}-index.htm"
ATOM = "{http://www.w3.org/2005/Atom}"
TITLE = re.compile(r"(?P<form>.+?) - (?P<company>.+) \((?P<cik>\d{10})\) \((?P<role>[^()]+)\)")
ACCESSION = re.compile(r"\d{10}-\d{2}-\d{6}")
ITEM = re.compile(r"Item (\d+\.\d+)")
HEADINGS = {f"{ATOM}{name}" for name in ("title", "link", "id", "author", "updated")}
PAGE = 100
MAX_PAGES = 3
ROLES = ("Issuer", "Subject", "Filer")
"""Whom a filing is about, best first; after them who else signed it."""


FORMS = {
    "8-K": "current report",
    "10-K": "annual report",
    "10-Q": "quarterly report",
    "S-1": "registration of securities",
    "S-3": "registration of securities",
    "4": "change in an insider's holding",
    "144": "planned sale of restricted securities",
    "SCHEDULE 13G": "holding above five per cent",
    "SCHEDULE 13D": "holding above five per cent, active",
}
HIGH = ("8-K", "S-1")
MEDIUM = ("10-K", "10-Q", "S-3", "SCHEDULE 13D", "SCHEDULE 13G", "SC 13D", "SC 13G")


@register
class SecFilings(Collector):
    """https://www.sec.gov/search-filings/edgar-application-programming-interfaces

    Scopes `current/<form>` read the list of newest filings, `submissions/<CIK>` one company's.
    A filing is known by its accession number however often and by whomever it is listed; what
    the two lists tell differently (acceptance times that move by hours between two polls, the
    company among several) is not compared, so that it never makes a revision.

    Impact: a watched company's 8-K or S-1 is high, its reports and large holdings medium; all
    other filings are low.
    """

    slug = "sec"
    ledger = Ledger.CATALYST
    every = timedelta(minutes=5)
    hosts = ("www.sec.gov", "data.sec.gov")
    requests_per_minute = 120

    def scopes(self) -> Sequence[str]:
        forms = [f"current/{form}" for form in settings.OMC_SEC_FORMS]
        return (*forms, *(company.scope for company in _watched().values()))

    def cadence(self, scope: str) -> timedelta:
        """Read the newest filings every five minutes, a company's whole list each hour."""
        return self.every if scope.startswith("current/") else timedelta(hours=1)

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        headers = {"User-Agent": self._contact()}
        kind, _, name = ask.scope.partition("/")
        if kind == "submissions":
            yield http.get(SUBMISSIONS.format(cik=name), headers)
            return
        form = "" if name == "all" else name
        for page in range(MAX_PAGES):
            query = {"action": "getcurrent", "type": form, "count": str(PAGE), "output": "atom"}
            yield http.get(CURRENT, headers, **query, start=str(page * PAGE))
            if ask.known():
                return

    def parse(self, payload: Payload) -> Iterator[Any]:
        if payload.url.startswith(CURRENT):
            yield from _current(payload)
        else:
            yield from _submissions(payload)

    def is_empty(self, payload: Payload) -> bool:
        """A form nobody filed has a list of headings only, a new company empty columns."""
        if payload.url.startswith(CURRENT):
            return {child.tag for child in fromstring(payload.body)} <= HEADINGS
        return not payload.json()["filings"]["recent"]["accessionNumber"]

    def covered(self, looked: Looked) -> Range[datetime] | None:
        if looked.ask.scope.startswith("current/"):
            return covered_by_list(looked)
        slot = slot_of(looked.observed_at, self.cadence(looked.ask.scope))
        oldest = min(looked.events, default=slot.lower)  # the list has no holes since then
        return Range(oldest, slot.upper)

    def _contact(self) -> str:
        if is_replayed(self):
            return str(settings.OMC_USER_AGENT)
        return require(
            settings.OMC_SEC_USER_AGENT,
            "OMC_SEC_USER_AGENT",
            "The SEC answers only those who say who they are: set it to 'Name mail@example.org'.",
        )


def _watched() -> dict[int, Company]:
    """Return the companies to watch by CIK: the operator's list, else ours."""
    ours = {company.cik: company for company in WATCHED}
    own = [int(cik) for cik in settings.OMC_SEC_WATCHLIST]
    return {cik: ours.get(cik, Company(cik, "", "")) for cik in own} if own else ours


# --- the list of newest filings: one entry for each company or person of a filing


def _current(payload: Payload) -> Iterator[Any]:
    """Turn the Atom list into one record for each filing, about its most telling party."""
    try:
        root = fromstring(payload.body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise DriftError(f"{payload.url} is no valid XML: {error}.") from error
    if root.tag != f"{ATOM}feed":
        raise DriftError(f"{payload.url} is no Atom feed but {root.tag}.")
    parsed = list(each(root.iter(f"{ATOM}entry"), _party))
    parties = [party for party in parsed if isinstance(party, _Party)]
    yield from (reject for reject in parsed if not isinstance(reject, _Party))
    filings: dict[str, list[_Party]] = {}
    for party in parties:
        filings.setdefault(party.accession, []).append(party)
    for listed in filings.values():
        first = min(listed, key=lambda party: party.rank)
        for _ in listed:  # every entry is an item; the repeats are duplicates
            yield first.record()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Party:
    """One entry: one filing as listed for one company or person."""

    accession: str
    form: str
    company: str
    cik: int
    role: str
    filed_at: datetime
    codes: tuple[str, ...]

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Order the parties of a filing: whom we watch, then whom it is about."""
        place = ROLES.index(self.role) if self.role in ROLES else len(ROLES)
        return self.cik not in _watched(), place, self.cik

    def record(self) -> EventRecord:
        """Return the filing."""
        return _event(
            self.accession,
            self.form,
            self.cik,
            self.company,
            self.codes,
            self.filed_at,
            self.filed_at,
        )


def _party(entry: Element) -> _Party:
    title = text_of(entry.findtext(f"{ATOM}title"), "title", limit=500)
    found = TITLE.fullmatch(title)
    if found is None:
        raise BadValueError("unknown_title", f"{title!r} is not 'form - company (CIK) (role)'.")
    return _Party(
        accession=_accession((entry.findtext(f"{ATOM}id") or "").rpartition("=")[2]),
        form=found["form"],
        company=found["company"],
        cik=int(found["cik"]),
        role=found["role"],
        filed_at=iso_of(entry.findtext(f"{ATOM}updated"), "updated"),
        codes=tuple(ITEM.findall(entry.findtext(f"{ATOM}summary") or "")),
    )


# --- one company's filings: columns of equal length


def _submissions(payload: Payload) -> Iterator[Any]:
    """Turn the columns into rows, by name; columns that we do not know are left alone."""
    document = payload.json()
    filings = member(document, "filings", dict, payload.url)
    recent = member(filings, "recent", dict, payload.url)
    names = ("accessionNumber", "form", "acceptanceDateTime", "items")
    columns = [member(recent, name, list, payload.url) for name in names]
    if len({len(column) for column in columns}) > 1:
        raise DriftError(f"{payload.url} has columns of different lengths.")
    cik, name = int(member(document, "cik", str, payload.url)), str(document.get("name", ""))
    yield from each(zip(*columns, strict=True), lambda row: _listed(row, cik=cik, name=name))


def _listed(row: tuple[str, str, str, str], *, cik: int, name: str) -> EventRecord:
    """Make one row a record; the acceptance time may be off by five hours, so no publication."""
    accession, form, accepted, items = row
    accepted_at = iso_of(accepted.replace("Z", "+00:00"), "acceptanceDateTime")
    codes = tuple(code.strip() for code in items.split(",") if code.strip())
    return _event(_accession(accession), form, cik, name, codes, accepted_at, None)


def _accession(value: str) -> str:
    if not ACCESSION.fullmatch(value):
        raise BadValueError("no_accession", f"{value!r} is no accession number.")
    return value


def _event(  # noqa: PLR0913, PLR0917  # one place makes the row, of what both lists tell
    accession: str,
    form: str,
    cik: int,
    name: str,
    codes: tuple[str, ...],
    event_at: datetime,
    published_at: datetime | None,
) -> EventRecord:
    company = _watched().get(cik)
    plain = form.removesuffix("/A")
    about = FORMS.get(plain, "filing")
    return EventRecord(
        event_at=event_at.astimezone(UTC),
        published_at=published_at,
        source="sec",
        source_key=accession,
        kind=Event.Kind.SEC_FILING,
        title=f"{form}: {about}{', amended' if form != plain else ''}",
        assets=list(company.assets) if company else [],
        company=(company.name if company and company.name else text_of(name, "name", limit=200)),
        tickers=[company.ticker] if company and company.ticker else [],
        form=form,
        codes=list(codes),
        impact=_impact(plain, is_watched=company is not None),
        url=ARCHIVE.format(cik=cik, bare=accession.replace("-", ""), accession=accession),
        confidence=Decimal(1),
    )


def _impact(form: str, *, is_watched: bool) -> Event.Impact:
    if is_watched and form in HIGH:
        return Event.Impact.HIGH
    return Event.Impact.MEDIUM if is_watched and form in MEDIUM else Event.Impact.LOW
