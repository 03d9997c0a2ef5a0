"""The product's role in the database is no superuser: one that may make roles migrates it all."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from omc_project.tests.homes import Home, new_home

ROLE = "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'plain'"
MEMBERS = """
    SELECT count(*) FROM pg_auth_members
    WHERE roleid = 'omc_keeper'::regrole AND member = 'plain'::regrole
      AND (inherit_option OR set_option)
"""
DOORS = "SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE prosecdef AND proname ~ '^omc_'"


@pytest.fixture
def server() -> Iterator[Home]:
    """Give a server of its own, on which nobody but its superuser has made anything yet."""
    with new_home() as home, home.user():
        with home.postgres() as link:
            link.execute("ALTER SYSTEM SET fsync = off")  # its data need not outlive a power cut
            link.execute("SELECT pg_reload_conf()")
            link.execute("CREATE ROLE plain LOGIN NOSUPERUSER CREATEROLE")
            link.execute("CREATE DATABASE house OWNER plain")
        yield home


def test_a_role_that_is_no_superuser_makes_every_table_and_cannot_change_a_fact(server) -> None:
    url = f"postgres://plain@/{server.path / 'run'}/house"
    done = server.manage("migrate", "--verbosity=0", DATABASE_URL=url)
    assert (done.returncode, done.stderr) == (0, "")
    with psycopg.connect(host=str(server.path / "run"), user="plain", dbname="house") as link:
        assert link.execute(ROLE).fetchall() == [(False, False, True)]
        assert link.execute(DOORS).fetchall() == [("omc_keeper",)]
        assert link.execute(MEMBERS).fetchone() == (0,)
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            link.execute("TRUNCATE glass_quote")
