"""Start the engines for the tests, and clean ledgers that refuse to be truncated."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.test.utils import setup_databases, teardown_databases
from hypothesis import HealthCheck
from hypothesis import settings as law

SLOW_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
QUICK = "django.contrib.auth.hashers.MD5PasswordHasher"
"""Makes a user in no time; the product's own takes a tenth of a second, and should."""
LONG = "long: it runs with scripts/test --full"
KEPT = {"django_migrations", "django_content_type", "auth_permission", "ledgers_asset"}
law.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=SLOW_FIXTURES)
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
        gc.disable()  # what is collected stays: see pytest_collection_finish


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests to --full, and say so; one that has nothing to test is no test."""
    if idle := [item.nodeid for item in items if is_idle(item)]:
        raise pytest.UsageError(f"Parametrized with nothing, and no skipif says why: {idle}")
    if not config.getoption("--full"):
        for item in items:
            if "full" in item.keywords:
                item.add_marker(pytest.mark.skip(reason=LONG))


def is_idle(item: pytest.Item) -> bool:
    """Whether a test has no parameters left, which pytest would skip for no reason of ours."""
    reasons = [str(mark.kwargs.get("reason", "")) for mark in item.iter_markers("skip")]
    is_empty = any(reason.startswith("got empty parameter set") for reason in reasons)
    return is_empty and item.get_closest_marker("skipif") is None


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays to the end: modules and collected tests."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """Make the test database always; pytest-django makes it only for tests marked django_db."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        yield
        Broom.put_away()
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
    """Empty every table but the catalogue; a test may have ended every session there was."""
    try:
        Broom.taken(connection).execute("SELECT pg_temp.sweep()")
    except psycopg.OperationalError:
        Broom.put_away()
        Broom.taken(connection).execute("SELECT pg_temp.sweep()")


class Broom:
    """A session that empties every table but the catalogue.

    It fires no triggers for good: a session that switches them off and on forgets all its plans,
    also those of the triggers. And what it does is a function, for to plan it takes ten times
    longer than to do it. A table that holds nothing is left alone.
    """

    session: psycopg.Connection[Any] | None = None

    @classmethod
    def taken(cls, connection: Any) -> psycopg.Connection[Any]:
        """Return the session, made when there is none."""
        if cls.session is None:
            cls.session = connection.get_new_connection(connection.get_connection_params())
            cls.session.autocommit = True
            cls.session.execute("SET session_replication_role = replica")
            cls.session.execute("SET lock_timeout = '60s'")
            tables = connection.introspection.django_table_names(only_existing=True)
            cls.session.execute(
                "CREATE FUNCTION pg_temp.sweep() RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
                + " ".join(
                    f'IF EXISTS (SELECT FROM "{table}") THEN DELETE FROM "{table}"; END IF;'
                    for table in sorted(set(tables) - KEPT)
                )
                + " DELETE FROM ledgers_asset WHERE NOT is_verified; END $$"
            )
        return cls.session

    @classmethod
    def put_away(cls) -> None:
        """End the session, if there is one."""
        if cls.session is not None:
            cls.session.close()
        cls.session = None
