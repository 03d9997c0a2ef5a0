"""Checks of the language model: what an operator should know before users tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from django.conf import settings

from agents.faults import Fault
from agents.models import ModelCall
from quality.findings import Finding, Level
from quality.registry import register


@register("agents.model", ledger=None, every=timedelta(minutes=5))
def the_model_can_be_asked(
    now: datetime,
    *,
    window: Annotated[timedelta, "A refusal that is older has been seen to."] = timedelta(hours=6),
    budget_share: Annotated[Decimal, "Time to raise it, or to see who asks."] = Decimal("0.9"),
) -> Iterator[Finding]:
    """The endpoint takes the installation's key, and there is money left for today.

    While it is not so, the planner answers alone, and each answer says it.
    """
    house = ModelCall.objects.filter(is_own_key=False, at__lte=now)
    last = house.filter(at__gt=now - window).exclude(outcome="").order_by("-at", "-id").first()
    if last is not None and last.outcome == Fault.KEY:
        yield Finding(
            ledger="",
            subject="key",
            level=Level.ERROR,
            message=f"The endpoint of the language model refused our key at {last.at:%F %T} UTC.",
            hint="Set OPENAI_API_KEY to one that it takes. The planner answers meanwhile.",
        )
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = house.filter(at__gte=midnight).values_list("cost", flat=True)
    spent = sum(today, Decimal(0))
    if spent >= settings.OMC_MODEL_BUDGET * budget_share:
        yield Finding(
            ledger="",
            subject="budget",
            level=Level.WARNING,
            message=(
                f"The language model has cost {spent:.2f} of {settings.OMC_MODEL_BUDGET} US "
                "dollars today."
            ),
            hint="Beyond it the planner answers. Raise OMC_MODEL_BUDGET, or look at who asks.",
        )
