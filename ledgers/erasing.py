"""Erase what a law or a source's terms demand: the texts of one thing, wherever we hold them.

The declared columns of every revision are blanked, the kept payloads and rejects that hold the
thing are purged, journals that quoted it are blanked by whoever registered for it, and its
identity is remembered, so that no source brings it back. Nothing but this and retention changes
what a pair answers; reads say `erased`. An erasure that was killed is begun anew: each of its
steps may be done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from ledgers.checks import fact_models
from ledgers.collecting.errors import CollectError
from ledgers.collecting.keeping import answers_of, forget_payloads
from ledgers.collecting.looks import parsed
from ledgers.collecting.payload import Payload
from ledgers.collecting.refusing import identity_text
from ledgers.collecting.registry import collectors
from ledgers.models import CollectorRun, Erasure, Fact, Feed, RejectedRecord
from ledgers.public_ids import public_id

logger = logging.getLogger(__name__)

ERASED = "[erased]"
"""What stands for a text that was erased."""
TELLING = 8
"""A shorter text may stand anywhere: it does not tell that a payload holds the thing."""

Progress = Callable[[int, int], None]
"""Told after each run whose payloads were looked through, and how many there are."""


class ErasureRefusedError(Exception):
    """The fact cannot be erased; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """One thing whose texts are to go: its revisions, its columns that go, what they said."""

    erasure: int
    ids: Sequence[str]
    columns: Sequence[str]
    texts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure came to."""

    erasure: Erasure
    is_new: bool
    payloads: int
    rejects: int
    quotes: int


Forget = Callable[[Forgotten], int]
"""Blanks what a journal quoted, inside the transaction of the erasure; returns how much."""
forgetters: list[Forget] = []


def register_forgetter(forget: Forget) -> None:
    """Make a journal's own erasure known; an app that stands above registers when it is ready."""
    forgetters.append(forget)


def erase(fact: Fact, *, reason: str, actor: str, progress: Progress) -> Erased:
    """Erase the texts of a fact in all its revisions, and what we keep of them elsewhere."""
    _demand_erasable(fact, reason)
    identity = identity_text(getattr(fact, name) for name in fact.identity)
    feeds = Feed.objects.filter(source=fact.run.feed.source)
    with transaction.atomic():
        list(feeds.order_by("name").select_for_update())  # no writer may come between
        known = Erasure.objects.filter(fact=fact._meta.db_table, identity=list(identity)).first()
        revisions = _revisions(fact)
        texts = _texts(revisions)
        erasure = known or _blank(fact, identity, revisions, reason=reason, actor=actor)
        ids = [public_id(revision) for revision in revisions]
        forgotten = Forgotten(erasure=erasure.pk, ids=ids, columns=fact.erasable, texts=texts)
        quotes = sum(forget(forgotten) for forget in forgetters)
        marks = _marks(fact, texts)
        rejects, holding = _blank_rejects(feeds, marks)
    holding |= set(_holding(fact, identity, feeds, marks, progress))
    return Erased(
        erasure=erasure,
        is_new=known is None,
        payloads=forget_payloads(holding),
        rejects=rejects,
        quotes=quotes,
    )


def erasure_of(fact: Fact) -> Erasure | None:
    """Return what is remembered of the erasure of a fact, None if it was not erased."""
    identity = identity_text(getattr(fact, name) for name in fact.identity)
    return Erasure.objects.filter(fact=fact._meta.db_table, identity=list(identity)).first()


def _demand_erasable(fact: Fact, reason: str) -> None:
    if not fact.erasable:
        can = ", ".join(
            sorted(f"{m.ledger}.{m._meta.model_name}" for m in fact_models() if m.erasable)
        )
        raise ErasureRefusedError(
            f"{public_id(fact)} holds no text that people wrote. What can be erased is of: {can}."
        )
    if not reason.strip():
        raise ErasureRefusedError("An erasure needs a reason: which law, which terms, who asked.")


def _revisions(fact: Fact) -> list[Fact]:
    same: dict[str, Any] = {name: getattr(fact, name) for name in fact.identity}
    return list(type(fact).objects.filter(**same).order_by("revision"))


def _texts(revisions: Sequence[Fact]) -> list[str]:
    """Return what the revisions said in the columns that go, the longest first."""
    said = {getattr(one, name) for one in revisions for name in one.erasable}
    return sorted(said - {""}, key=len, reverse=True)


def _blank(
    fact: Fact, identity: Sequence[str], revisions: Sequence[Fact], *, reason: str, actor: str
) -> Erasure:
    """Blank the columns and remember the identity, through the keeper's door."""
    row_ids = [revision.pk for revision in revisions]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT omc_erase(%s::regclass, %s, %s, %s, %s, %s)",
            [fact._meta.db_table, list(identity), list(fact.erasable), row_ids, reason, actor],
        )
        return Erasure.objects.get(pk=cursor.fetchone()[0])


def _marks(fact: Fact, texts: Sequence[str]) -> set[str]:
    """Return the words that tell that an unread payload or a reject holds the thing.

    Names of sources, outlets and authors stand in many others.
    """
    common = {getattr(fact, name, "") for name in ("source", "outlet", "channel", "author")}
    own = {str(getattr(fact, name)) for name in fact.identity}
    return {mark for mark in {*own, *texts} - common if len(mark) >= TELLING}


def _blank_rejects(feeds: Any, marks: set[str]) -> tuple[int, set[str]]:
    """Blank the rejects that hold the thing; return how many, and their payloads."""
    holds = Q(pk__in=[])
    for mark in marks:
        holds |= Q(item__contains=mark)
    found = RejectedRecord.objects.filter(holds, run__feed__in=feeds)
    payloads = set(found.values_list("payload", flat=True)) - {""}
    return found.update(item="", detail=ERASED), payloads


def _holding(
    fact: Fact, identity: Sequence[str], feeds: Any, marks: set[str], progress: Progress
) -> Iterator[str]:
    """Yield the hashes of the kept payloads that hold the thing, each read once a URL."""
    runs = CollectorRun.objects.filter(feed__in=feeds).exclude(payloads=[])
    whole, seen = runs.count(), set[tuple[str, str]]()
    for number, run in enumerate(runs.order_by("pk").iterator(chunk_size=100), 1):
        for payload in answers_of(run):
            if payload and (payload.sha256, payload.url) not in seen:
                seen.add((payload.sha256, payload.url))
                if _holds(fact, identity, payload, run, marks):
                    yield payload.sha256
        progress(number, whole)


def _holds(
    fact: Fact, identity: Sequence[str], payload: Payload, run: CollectorRun, marks: set[str]
) -> bool:
    """Tell whether a payload holds the thing: by its parser, or by its words if it has none."""
    records = _records(payload, run.feed.source)
    if records is None:
        return any(mark.encode() in payload.body for mark in marks)
    own = [record for record in records if type(record) is fact.record]
    return any(
        identity_text(getattr(record, name) for name in fact.identity) == identity for record in own
    )


def _records(payload: Payload, source: str) -> list[Any] | None:
    """Return the records of a payload, None if nobody can read it: an erasure goes on."""
    collector = collectors.get(source)
    try:
        return parsed(collector, payload)[0] if collector else None
    except CollectError:
        return None
    except Exception:
        logger.exception("The parser of %s crashed.", source)
        return None
