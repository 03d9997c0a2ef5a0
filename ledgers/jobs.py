"""What can be scheduled: kinds of jobs, each with its names, cadences and Celery task.

An app registers its kinds when it is ready; `dispatch` sends whatever is due, so that a new
collector or check is on beat without another word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledgers.models import Feed


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """One kind of job: `cadences` names its jobs now, `task` is the Celery task given a slot.

    `feeds` describes what its jobs fill, of one ledger or (None) of all; the source of a feed is
    the name of its job.
    """

    kind: str
    task: str
    cadences: Callable[[], Mapping[str, timedelta]]
    feeds: Callable[[str | None], Sequence[Feed]] = lambda _: ()


kinds: dict[str, JobKind] = {}


def register_kind(kind: JobKind) -> None:
    """Make the jobs of one kind known."""
    kinds[kind.kind] = kind


def cadences() -> dict[str, timedelta]:
    """Return every job of this installation (kind:name) with its default cadence."""
    return {
        f"{kind.kind}:{name}": every
        for kind in kinds.values()
        for name, every in kind.cadences().items()
    }


def task_of(job: str) -> str:
    """Return the name of the Celery task that does a job."""
    return kinds[job.partition(":")[0]].task
