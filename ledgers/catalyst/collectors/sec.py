"""SEC EDGAR: the newest filings of everybody, and all filings of the companies we watch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.conf import settings
from psycopg.types.range import Range

from ledgers.catalyst.companies import watched
from ledgers.catalyst.forms import filing_impact, filing_title, form_of, items_of
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
OLDER = "https://data.sec.gov/submissions/"
OLDER_PAGE = re.compile(r"CIK(\d{10})-submissions-\d{3}\.json")
ARCHIVE = "https://www.sec.gov/Archives/edgar/data/{cik}/{bare}/{accession}-index.htm"
ATOM = "{http://www.w3.org/2005/Atom}"
TITLE = re.compile(r"(?P<form>.+?) - (?P<company>.+) \((?P<cik>\d{10})\) \((?P<role>[^()]+)\)")
ACCESSION = re.compile(r"\d{10}-\d{2}-\d{6}")
ITEM = re.compile(r"Item (\d+\.\d+)")
HEADINGS = {f"{ATOM}{name}" for name in ("title", "link", "id", "author", "updated")}
PAGE = 100
MAX_PAGES = 3
MAX_CODE = 30
ROLES = ("Issuer", "Subject", "Filer")
"""Whom a filing is about, best first; after them who else signed it."""
EDGAR = datetime(1993, 1, 1, tzinfo=UTC)
"""Since when companies file electronically: many that we watch are older than Bitcoin."""
DAY = timedelta(days=1)
APART = timedelta(hours=5)
"""How far an acceptance time may lie before the true one: it is Eastern time called UTC, or UTC."""


@register
class SecFilings(Collector):
    """https://www.sec.gov/search-filings/edgar-application-programming-interfaces

    Scopes `current/<form>` read the list of newest filings, `submissions/<CIK>` one company's.
    A filing is known by its accession number however often and by whomever it is listed; what
    the two lists tell differently (acceptance times that move by hours between two polls, the
    company among several) is not compared, so that it never makes a revision.

    The list of newest filings tells when a filing was published. A company's own list does not:
    its acceptance times lie up to five hours early, so the latest that it can have been is kept,
    and marked as not exact. What a filing is was never changed in two recorded polls of a company.
    """

    slug = "sec"
    ledger = Ledger.CATALYST
    every = timedelta(minutes=5)
    hosts = ("www.sec.gov", "data.sec.gov")
    requests_per_minute = 120
    restates = False
    lag = APART
    backfills = True
    parser = 2

    def scopes(self) -> Sequence[str]:
        forms = [f"current/{form}" for form in settings.OMC_SEC_FORMS]
        return (*forms, *(company.scope for company in watched().values()))

    def cadence(self, scope: str) -> timedelta:
        """Read the newest filings every five minutes, a company's whole list each hour."""
        return self.every if scope.startswith("current/") else timedelta(hours=1)

    def fetch(self, http: Http, ask: Ask) -> Iterator[Payload]:
        headers = {"User-Agent": self._contact()}
        kind, _, name = ask.scope.partition("/")
        if kind == "submissions":
            newest = http.get(SUBMISSIONS.format(cik=name), headers)
            for page in _older_pages(newest, ask.window.lower or EDGAR) if ask.is_backfill else ():
                yield http.get(f"{OLDER}{page}", headers)
            yield newest
            return
        form = "" if name == "all" else name
        for number in range(0 if ask.is_backfill else MAX_PAGES):  # it knows only the newest
            query = {"action": "getcurrent", "type": form, "count": str(PAGE), "output": "atom"}
            yield http.get(CURRENT, headers, **query, start=str(number * PAGE))
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
        return not _columns(payload)["accessionNumber"]

    def chunk(self, scope: str) -> timedelta:
        """Fill a company's gaps at once: its list has a few pages for all years."""
        return timedelta(days=36_500)

    def covered(self, looked: Looked) -> Range[datetime] | None:
        is_current = looked.ask.scope.startswith("current/")
        if looked.ask.is_backfill:  # every page was read that reaches into the window
            return None if is_current else looked.ask.window
        if is_current:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filing:
    """One filing as one list tells it, for one of its parties."""

    accession: str
    form: str
    cik: int
    company: str
    codes: list[str]
    filed_at: datetime
    published_at: datetime
    is_exact: bool = True
    role: str = ""
    tickers: list[str]

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Order the parties of a filing: whom we watch, then whom it is about."""
        place = ROLES.index(self.role) if self.role in ROLES else len(ROLES)
        return self.cik not in watched(), place, self.cik

    def record(self) -> EventRecord:
        """Return the event; a company that we watch has the name and the ticker we know it by."""
        company = watched().get(self.cik)
        return EventRecord(
            event_at=self.filed_at,
            published_at=self.published_at,
            is_publication_exact=self.is_exact,
            source="sec",
            source_key=self.accession,
            kind=Event.Kind.SEC_FILING,
            title=filing_title(self.form),
            assets=list(company.assets) if company else [],
            company=(company and company.name) or self.company,
            tickers=[company.ticker] if company and company.ticker else self.tickers,
            form=self.form,
            codes=self.codes,
            impact=filing_impact(self.form, self.codes, is_watched=company is not None),
            url=ARCHIVE.format(
                cik=self.cik, bare=self.accession.replace("-", ""), accession=self.accession
            ),
            confidence=Decimal(1),
        )


def _accession(value: str) -> str:
    if not ACCESSION.fullmatch(value):
        raise BadValueError("no_accession", f"{value!r} is no accession number.")
    return value


def _form(value: str) -> str:
    form = form_of(text_of(value, "form", limit=MAX_CODE))
    if not form:
        raise BadValueError("no_form", "A filing needs a form.")
    return form


def _codes(value: str, form: str) -> list[str]:
    return [text_of(code, "items", limit=MAX_CODE) for code in items_of(value, form)]


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
    parties = [party for party in parsed if isinstance(party, _Filing)]
    yield from (reject for reject in parsed if not isinstance(reject, _Filing))
    filings: dict[str, list[_Filing]] = {}
    for party in parties:
        filings.setdefault(party.accession, []).append(party)
    for listed in filings.values():
        first = min(listed, key=lambda party: party.rank)
        for _ in listed:  # every entry is an item; the repeats are duplicates
            yield first.record()


def _party(entry: Element) -> _Filing:
    title = text_of(entry.findtext(f"{ATOM}title"), "title", limit=500)
    found = TITLE.fullmatch(title)
    if found is None:
        raise BadValueError("unknown_title", f"{title!r} is not 'form - company (CIK) (role)'.")
    form = _form(found["form"])
    filed_at = iso_of(entry.findtext(f"{ATOM}updated"), "updated")
    return _Filing(
        accession=_accession((entry.findtext(f"{ATOM}id") or "").rpartition("=")[2]),
        form=form,
        cik=int(found["cik"]),
        company=text_of(found["company"], "company", limit=200),
        role=found["role"],
        codes=_codes(",".join(ITEM.findall(entry.findtext(f"{ATOM}summary") or "")), form),
        filed_at=filed_at,
        published_at=filed_at,
        tickers=[],
    )


# --- one company's filings: columns of equal length


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """Whose list it is, and when the SEC gave it to us."""

    cik: int
    name: str
    tickers: list[str]
    listed_at: datetime


def _submissions(payload: Payload) -> Iterator[Any]:
    """Turn the columns into rows, by name; columns that we do not know are left alone."""
    names = ("accessionNumber", "form", "acceptanceDateTime", "items")
    columns = _columns(payload)
    taken = [member(columns, name, list, payload.url) for name in names]
    if len({len(column) for column in taken}) > 1:
        raise DriftError(f"{payload.url} has columns of different lengths.")
    owner = _owner(payload)
    yield from each(zip(*taken, strict=True), lambda row: _listed(row, owner).record())


def _columns(payload: Payload) -> dict[str, Any]:
    """Return the columns; a page of older filings holds nothing else."""
    document: dict[str, Any] = payload.json()
    if OLDER_PAGE.fullmatch(payload.url.removeprefix(OLDER)):
        return document
    filings = member(document, "filings", dict, payload.url)
    return member(filings, "recent", dict, payload.url)


def _owner(payload: Payload) -> _Owner:
    """Return whose list it is; a page of older filings says it only by its address."""
    if found := OLDER_PAGE.fullmatch(payload.url.removeprefix(OLDER)):
        return _Owner(cik=int(found[1]), name="", tickers=[], listed_at=payload.observed_at)
    document = payload.json()
    cik = member(document, "cik", str, payload.url)
    if not cik.isdecimal():
        raise DriftError(f"{payload.url} is of {cik!r}, which is no CIK.")
    tickers = [ticker[:20] for ticker in document.get("tickers") or [] if isinstance(ticker, str)]
    name = text_of(str(document.get("name") or ""), "name", limit=200)
    return _Owner(cik=int(cik), name=name, tickers=tickers, listed_at=payload.observed_at)


def _listed(row: tuple[str, str, str, str], owner: _Owner) -> _Filing:
    """Return one row as a filing, published at the latest when it can have been."""
    accession, written, accepted, items = row
    form = _form(written)
    accepted_at = iso_of(accepted, "acceptanceDateTime", earliest=EDGAR)
    return _Filing(
        accession=_accession(accession),
        form=form,
        cik=owner.cik,
        company=owner.name,
        codes=_codes(items, form),
        filed_at=accepted_at,
        published_at=max(accepted_at, min(accepted_at + APART, owner.listed_at)),
        is_exact=False,
        tickers=owner.tickers,
    )


def _older_pages(payload: Payload, since: datetime) -> list[str]:
    """Name the pages of older filings that reach past a moment, oldest first."""
    filings = member(payload.json(), "filings", dict, payload.url)
    files = member(filings, "files", list, payload.url)
    try:
        pages = [(date.fromisoformat(f["filingTo"]), str(f["name"])) for f in files]
    except (KeyError, TypeError, ValueError) as error:
        raise DriftError(f"{payload.url} names its older pages in an unknown way.") from error
    first = (since - DAY).date()  # a filing's day is New York's
    wanted = [name for until, name in sorted(pages) if until >= first]
    if strange := [name for name in wanted if not OLDER_PAGE.fullmatch(name)]:
        raise DriftError(f"{payload.url} names {strange[0]!r} as a page of older filings.")
    return wanted
