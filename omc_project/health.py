"""Is it alive, and can it work: for supervisors, load balancers and operators.

`/healthz` needs nothing but the process. `/readyz` asks the database, Redis and the migrations;
a silent beat is reported but keeps no page from being served. Details are for operators alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max, Min
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ledgers.collecting.limits import connection as redis_connection
from ledgers.models import Schedule, Slot

logger = logging.getLogger(__name__)
GRACE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one dependency answers; `is_needed` if nothing works without it."""

    name: str
    is_good: bool
    detail: str
    is_needed: bool = True


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # Django's signature
    """Say that the process answers, and from which commit its image was built."""
    return JsonResponse({"status": "ok", "commit": settings.OMC_COMMIT})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether requests can be served, and to operators why not."""
    answers = dependencies(timezone.now())
    is_ready = all(answer.is_good for answer in answers if answer.is_needed)
    body: dict[str, object] = {"status": "ok" if is_ready else "unavailable"}
    if answers[0].is_good and _is_operator(request):
        body["checks"] = [
            {"name": answer.name, "ok": answer.is_good, "detail": answer.detail}
            for answer in answers
        ]
    for answer in answers:
        if not answer.is_good and answer.is_needed:
            logger.error("Not ready. %s: %s", answer.name, answer.detail)
    return JsonResponse(body, status=200 if is_ready else 503)


def dependencies(now: datetime) -> list[Answer]:
    """Ask every dependency; what stands behind the database is asked only if it answers."""
    database = _asked("database", _database)
    answers = [database, _asked("redis", _redis)]
    if database.is_good:
        answers += [_asked("migrations", _migrations), beat(now)]
    return answers


def beat(now: datetime) -> Answer:
    """Judge the beat by the newest slot: one is made at least as often as the quickest job."""
    sent_at = Slot.objects.filter(number__gte=0).aggregate(at=Max("sent_at"))["at"]
    running = Schedule.objects.filter(is_paused=False)
    every = running.aggregate(every=Min("every"))["every"]
    if sent_at is None or every is None:
        is_good, detail = False, "It has sent nothing yet. Start `celery -A omc_project beat`."
    else:
        is_good = now - sent_at <= 2 * every + GRACE
        detail = f"It sent the last job at {sent_at:%FT%TZ}."
    return Answer(name="beat", is_good=is_good, detail=detail, is_needed=False)


def _asked(name: str, ask: Callable[[], str]) -> Answer:
    try:
        detail = ask()
    except (DatabaseError, redis.RedisError, PendingError) as error:
        return Answer(name=name, is_good=False, detail=str(error).strip())
    return Answer(name=name, is_good=True, detail=detail)


class PendingError(Exception):
    """Migrations wait to be applied."""


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version')")
        return f"PostgreSQL {cursor.fetchone()[0]}"


def _redis() -> str:
    redis_connection().ping()
    return "It answers."


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        raise PendingError(f"{len(plan)} wait. Run `manage.py migrate`.")
    return "All applied."


def _is_operator(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_staff)
