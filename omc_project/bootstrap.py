"""Have the servers there before Django uses them, or say which one is not, and the remedy."""

from __future__ import annotations

import psycopg
import redis
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from omc_project import embedded
from omc_project.errors import ServerError


def bootstrap(*, must_answer: bool = True) -> None:
    """Start the embedded engines that are wanted; check the servers that were given instead.

    With `must_answer=False` a given server may be away: a web or worker process of a long
    deployment waits for it, a command at a prompt should not.
    """
    if any(settings.EMBEDDED.values()):
        embedded.ensure(**settings.EMBEDDED)
    if must_answer:
        if not settings.EMBEDDED["pg"]:
            require_database()
        if not settings.EMBEDDED["redis"]:
            require_redis()


def require_database() -> None:
    """Refuse a DATABASE_URL whose server does not answer; never show its password."""
    given = connection.settings_dict
    try:
        connection.get_new_connection(connection.get_connection_params()).close()
    except psycopg.Error as error:
        where = f"{given['HOST'] or 'localhost'}:{given['PORT'] or 5432}"
        raise ServerError(
            f"PostgreSQL at {where}, database {given['NAME']}, user {given['USER']}, cannot be "
            f"used: {_first_line(error)}. Correct DATABASE_URL or start that server; unset "
            "DATABASE_URL for the embedded one."
        ) from None


def require_redis() -> None:
    """Refuse a REDIS_URL that does not answer, or a server that may drop work silently."""
    try:
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0)
        )
    except ValueError:
        raise ServerError(
            "REDIS_URL cannot be read. It looks like redis://:PASSWORD@HOST:PORT/0; in the "
            "password the characters / : @ # ? and % are written as %2F, %3A and so on."
        ) from None
    given = client.connection_pool.connection_kwargs
    where = given.get("path") or f"{given.get('host', 'localhost')}:{given.get('port', 6379)}"
    try:
        memory = client.info("memory")
    except redis.RedisError as error:
        raise ServerError(
            f"Redis at {where} cannot be used: {_first_line(error)}. Correct REDIS_URL or start "
            "that server; unset REDIS_URL for the embedded one."
        ) from None
    finally:
        client.close()
    if memory.get("maxmemory") and memory.get("maxmemory_policy") != "noeviction":
        raise ServerError(
            f"Redis at {where} evicts keys ({memory['maxmemory_policy']}), so queued work would "
            "vanish without a word. Set its maxmemory-policy to noeviction."
        )


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "no reason"
