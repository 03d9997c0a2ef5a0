"""Start the engines for the tests, and clean ledgers that refuse to be truncated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test.utils import setup_databases, teardown_databases
from hypothesis import HealthCheck
from hypothesis import settings as law

SLOW_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
QUICK = "django.contrib.auth.hashers.MD5PasswordHasher"
"""Makes a user in no time; the product's own takes a tenth of a second, and should."""
KEPT = {"django_migrations", "django_content_type", "auth_permission", "ledgers_asset"}
law.register_profile("quick", max_examples=40, deadline=None, suppress_health_check=SLOW_FIXTURES)
law.register_profile("full", max_examples=2000, deadline=None, suppress_health_check=SLOW_FIXTURES)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the tier that runs every count an issue states."""
    parser.addoption("--full", action="store_true", help="run every count, also the long ones")


def pytest_configure(config: pytest.Config) -> None:
    """Have the engines up before pytest-django makes its database."""
    from django.conf import settings

    from omc_project.bootstrap import bootstrap

    settings.PASSWORD_HASHERS = [QUICK, *settings.PASSWORD_HASHERS]

    law.load_profile("full" if config.getoption("--full") else "quick")
    if config.getoption("dist", "no") == "no":  # one that only hands tests to others needs none
        bootstrap()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests to --full, and say so."""
    if not config.getoption("--full"):
        for item in items:
            if "full" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="a long count: scripts/test --full"))


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """Make the test database always; pytest-django makes it only for tests marked django_db."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        yield
        teardown_databases(made, verbosity=0)


@pytest.fixture
def ledger(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Give a test real commits. Django's flush is a TRUNCATE, which the triggers refuse."""
    from django.db import connection

    with django_db_blocker.unblock():
        assert connection.settings_dict["NAME"].startswith("test_")
        yield
        wipe(connection)


@pytest.fixture(autouse=True)
def no_stored_keys() -> None:
    """Begin each test as if nobody had stored a source's keys, without asking the database."""
    from ledgers.collecting.needs import remember

    remember(frozenset())


def wipe(connection: Any) -> None:
    """Empty every table as a superuser whose session fires no triggers; keep the catalogue.

    Only tables that hold something: to truncate one costs a file for it and for each index.
    """
    full = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")"
        for table in connection.introspection.django_table_names(only_existing=True)
        if table not in KEPT
    )
    with connection.cursor() as cursor:
        cursor.execute(full)
        tables = [f'"{table}"' for (table,) in cursor.fetchall()]
        cursor.execute("SET session_replication_role = replica")
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("DELETE FROM ledgers_asset WHERE NOT is_verified")
        cursor.execute("SET session_replication_role = origin")
