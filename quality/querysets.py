"""Reads of alerts and of runs of checks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.db.models import Q


class AlertQuerySet(models.QuerySet):  # type: ignore[type-arg]  # not generic at run time
    """Reads of alerts by their state and by who may see them."""

    def standing(self) -> Self:
        """Return what is not resolved, the worst first."""
        return self.exclude(state="resolved").order_by("-level", "-opened_at", "-pk")

    def that(self, *, state: str, ledger: str, check_id: str, least: int) -> Self:
        """Return those of this level or worse; without a state what is not resolved."""
        wanted = {"ledger": ledger, "check_id": check_id}
        alerts = self.filter(level__gte=least, **{name: is_ for name, is_ in wanted.items() if is_})
        if state == "all":
            return alerts
        return alerts.filter(state=state) if state else alerts.exclude(state="resolved")

    def visible_to(self, user: Any) -> Self:
        """Return what this user may see: operators all, others what is not another user's."""
        if user.is_staff:
            return self.all()
        return self.filter(Q(user=None) | Q(user=user.pk))


class CheckRunQuerySet(models.QuerySet):  # type: ignore[type-arg]  # not generic at run time
    """Reads of runs."""

    def newest(self, check_ids: Iterable[str]) -> dict[str, Any]:
        """Return the newest finished run of each check by its id; one query, by the index."""
        ended = self.filter(duration__isnull=False)
        each = [ended.filter(check_id=name).order_by("-id")[:1] for name in check_ids]
        return {run.check_id: run for run in self.none().union(*each)}
