"""Databases beside the test database, on the same real server."""

from __future__ import annotations

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

from infra.backup.local import described

TABLES = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
DIGEST = "SELECT '{0}', count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM \"{0}\" t"
PARTITIONS = "SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits"
TRIGGERS = (
    "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal"
)
OWNERS = "SELECT proname, pg_get_userbyid(proowner) FROM pg_proc WHERE prosecdef"
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences"
SIDES = (PARTITIONS, TRIGGERS, OWNERS, SEQUENCES)


def house(name, home, **more):
    """Return the house of a database of the test's server."""
    given = {**settings.DATABASES["default"], "NAME": name, **more}
    found = described(given)
    return type(found)(
        database=found.database,
        connection=found.connection,
        programs=found.programs,
        home=home,
    )


def source():
    """Return the name of the test database."""
    return connection.settings_dict["NAME"]


def variables(name):
    """Return what leads a new process to a database of the test's server, which has a socket."""
    given = settings.DATABASES["default"]
    return {"DATABASE_URL": f"postgres://{given['USER']}@/{name}", "PGHOST": given["HOST"]}


def connect(name, **more):
    given = settings.DATABASES["default"]
    return psycopg.connect(
        **{"host": given["HOST"], "user": given["USER"], "dbname": name, **more}, autocommit=True
    )


def ask(name, query):
    """Return the rows of a query, sorted."""
    with connect(name) as link:
        return sorted(link.execute(query).fetchall())


def content(name):
    """Return how many rows each table holds, and a digest of them all."""
    tables = [table for (table,) in ask(name, TABLES)]
    return ask(name, " UNION ALL ".join(DIGEST.format(table) for table in tables))


def names():
    """Return the names of all databases of the server."""
    return {name for (name,) in ask("postgres", "SELECT datname FROM pg_database")}


def make(name, *, owner=None):
    """Make an empty database."""
    with connect("postgres") as link:
        link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        if owner:
            link.execute(
                sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
                    sql.Identifier(name), sql.Identifier(owner)
                )
            )


def drop(prefix):
    """Remove every database whose name begins so."""
    with connect("postgres") as link:
        for name in [each for each in names() if each.startswith(prefix)]:
            link.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
