"""An operator hears of a refused key and of a budget that comes to its end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from agents import sessions
from agents.budget import Purse, Request, reserve, settle
from agents.checks import the_model_can_be_asked
from agents.faults import Fault
from agents.models import ModelCall
from quality.findings import Level

pytestmark = pytest.mark.usefixtures("ledger")


def called(outcome: str, *, is_own_key: bool = False) -> ModelCall:
    """Make a request to the model that ended so."""
    session = sessions.open_session(None, "model")
    purse = Purse(session_id=session.pk, turn=1, user_id=None, is_own_key=is_own_key)
    wanted: dict[str, Any] = {"tokens_in": 1_000, "tokens_out": 1_000, "prompt_hash": "0" * 64}
    call = reserve(purse, Request(purpose=ModelCall.Purpose.PLAN, model="m", **wanted))
    settle(call, None, outcome)
    return call


def found() -> list[tuple[str, Level]]:
    """Return the subjects and levels of what the check finds now."""
    return [(one.subject, one.level) for one in the_model_can_be_asked(timezone.now())]


def test_a_model_that_nobody_asked_is_fine() -> None:
    assert found() == []


def test_a_refused_key_is_an_error_until_a_later_request_succeeds() -> None:
    called(Fault.KEY)
    assert found() == [("key", Level.ERROR)]
    called("answered")
    assert found() == []


def test_a_refusal_long_ago_is_no_news() -> None:
    refused = called(Fault.KEY)
    ModelCall.objects.filter(pk=refused.pk).update(at=refused.at - timedelta(days=1))
    assert found() == []


def test_a_users_own_key_is_the_users_own_business() -> None:
    called(Fault.KEY, is_own_key=True)
    assert found() == []


def test_a_budget_that_comes_to_its_end_is_a_warning(settings: Settings) -> None:
    settings.OMC_MODEL_BUDGET = Decimal("0.0138")
    called("answered")
    assert found() == [("budget", Level.WARNING)]
    settings.OMC_MODEL_BUDGET = Decimal(1)
    assert found() == []
