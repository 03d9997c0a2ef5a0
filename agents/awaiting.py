"""The orchestrator for callers in an event loop: awaited there, done in threads, no loop nested.

Each call runs in a thread of its own pool, at most `THREADS` at once; a thread keeps its database
connection for the next call as long as a web process keeps one (`OMC_CONN_MAX_AGE`). The
synchronous functions refuse to run inside a loop, as Django's database does; these do not run
outside one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from agents import orchestrator

P = ParamSpec("P")
R = TypeVar("R")
THREADS = 16
_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="omc-agents")


def awaitable(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Make a function that reads the database one that an event loop can await."""

    @wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> R:
        try:
            return function(*args, **options)
        finally:
            close_old_connections()

    return sync_to_async(call, thread_sensitive=False, executor=_pool)


run_workflow = awaitable(orchestrator.run_workflow)
begin_workflow = awaitable(orchestrator.begin_workflow)
resume_workflow = awaitable(orchestrator.resume_workflow)
execute_step = awaitable(orchestrator.execute_step)
approve = awaitable(orchestrator.approve)
cancel = awaitable(orchestrator.cancel)
get_session_state = awaitable(orchestrator.get_session_state)
