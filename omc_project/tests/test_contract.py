"""Whatever the schema allows, and what it does not, an ordinary user meets no defect of ours."""

from __future__ import annotations

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.authtoken.models import Token
from schemathesis import GenerationMode, openapi

from omc_project.tests.factories import (
    MINUTE,
    fill,
    keep,
    looked,
    make_account,
    make_run,
    make_user,
    quote,
    this_minute,
)
from omc_project.wsgi import application

SCHEMA = openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
SCHEMA.app = application
SKIPPED = {("get", "/api/schema/"), ("delete", "/api/v1/token/")}
"""The schema of the schema is not ours; revoking the token would end the attack."""
OPERATIONS = [
    operation
    for operation in (found.ok() for found in SCHEMA.get_all_operations())
    if (operation.method, operation.path) not in SKIPPED
]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
SECURITY = "x-original-security-type"
RELAXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]
STATUSES = {200, 201, 202, 204, 400, 404, 405, 406, 409, 413, 415, 422, 429}
ALERT = "/api/v1/quality/alerts/{alert_id}"
FOR_STAFF = {
    *(f"{ALERT}/{act}" for act in ("ack", "snooze", "note", "assign")),
    "/api/v1/trading/kill/",
}
"""What refuses an ordinary user with 403; everything else never does."""
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def headers(ledger, settings):
    """Log an ordinary user in to an installation that holds a little of everything."""
    settings.OMC_API_PER_MINUTE = settings.OMC_TOKEN_PER_MINUTE = 1_000_000
    ada = make_user()
    now = this_minute()
    run = make_run("coinspot")
    keep([quote(now - n * MINUTE) for n in range(5)], run)
    looked(run, now - 5 * MINUTE, now)
    account = make_account(ada)
    own = make_run(f"import_omc/{account.pk}", "exchange", every=None)
    keep([fill(account, now)], own)
    return {"Authorization": f"Token {Token.objects.create(user=ada)}"}


def takes_anything(operation: Any) -> bool:
    """Tell whether an operation has a body or a parameter beside who asks."""
    asked = [one for one in operation.iter_parameters() if SECURITY not in one.definition]
    return bool(asked or list(operation.body))


def attack(operation: Any, headers: dict[str, str], examples: int) -> None:
    """Send generated requests of one operation, right ones, and wrong ones if it takes anything."""
    for mode in MODES if takes_anything(operation) else MODES[:1]:
        cases = operation.as_strategy(generation_mode=mode)

        @settings(
            max_examples=examples,
            deadline=None,
            suppress_health_check=RELAXED,
            phases=[Phase.generate],
            database=None,
        )
        @given(case=cases)
        def send(case: Any) -> None:
            response = case.call(headers={**headers})
            refused = {403} if operation.path in FOR_STAFF else set()
            assert response.status_code in STATUSES | refused, (
                case.method,
                case.formatted_path,
                case.query,
                case.body,
                response.status_code,
                response.content[:500],
            )
            if response.status_code >= 400:
                assert response.headers["content-type"] == ["application/problem+json"]

        send()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_no_request_meets_a_defect(operation, headers) -> None:
    attack(operation, headers, examples=4)


@pytest.mark.full
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_very_many_requests_meet_no_defect(operation, headers) -> None:
    attack(operation, headers, examples=200)
