"""The orchestrator for callers in an event loop: awaited there, done in threads, no loop nested.

Each call runs in a thread of its own pool, at most `THREADS` at once; a thread keeps its database
connection for the next call as long as a web process keeps one (`OMC_CONN_MAX_AGE`). Who looks
where sessions stand waits for no question: that has a thread apart, which looks for all who ask
meanwhile at once. The synchronous functions refuse to run inside a loop, as Django's database
does; these do not run outside one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from agents import orchestrator, sessions
from agents.sessions import Asked, Asker, NoSessionError, SessionState

P = ParamSpec("P")
R = TypeVar("R")
THREADS = 16
_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="omc-agents")


def awaitable(
    function: Callable[P, R], pool: ThreadPoolExecutor = _pool
) -> Callable[P, Awaitable[R]]:
    """Make a function that reads the database one that an event loop can await."""

    @wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> R:
        try:
            return function(*args, **options)
        finally:
            close_old_connections()

    return sync_to_async(call, thread_sensitive=False, executor=pool)


run_workflow = awaitable(orchestrator.run_workflow)
begin_workflow = awaitable(orchestrator.begin_workflow)
resume_workflow = awaitable(orchestrator.resume_workflow)
execute_step = awaitable(orchestrator.execute_step)
approve = awaitable(orchestrator.approve)
cancel = awaitable(orchestrator.cancel)
_states_of = awaitable(
    sessions.states_of, ThreadPoolExecutor(max_workers=1, thread_name_prefix="omc-states")
)
_outline_of = awaitable(sessions.outline_of)


class Lookers:
    """Who asks where sessions stand, in one event loop; those who ask meanwhile are told at once.

    A look begins after everybody has asked whom it answers, so nobody gets an older state.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._asked: list[Asked] = []
        self._next: asyncio.Task[list[SessionState | NoSessionError]] | None = None

    async def state_of(self, session_id: str | UUID, user_id: int | None) -> SessionState:
        """Return where a session stands, or raise `NoSessionError`."""
        if self._next is None:
            self._next = asyncio.create_task(self._look())
        look, place = self._next, len(self._asked)
        self._asked.append((session_id, user_id))
        found = (await asyncio.shield(look))[place]  # one who gives up leaves the others theirs
        if isinstance(found, NoSessionError):
            raise found
        return found

    async def _look(self) -> list[SessionState | NoSessionError]:
        async with self._turn:
            asked, self._asked, self._next = self._asked, [], None
            try:
                return await _states_of(asked)
            finally:
                if self._next is None:  # nobody else asks: a loop that ends leaves nothing here
                    _lookers.pop(asyncio.get_running_loop(), None)


_lookers: WeakKeyDictionary[asyncio.AbstractEventLoop, Lookers] = WeakKeyDictionary()


async def get_session_state(
    session_id: str | UUID, user_id: int | Asker | None = Asker.UNNAMED
) -> SessionState:
    """Return where the user's session stands; another user's is as good as absent.

    With the id alone it is the outline of any session, as `orchestrator.get_session_state` tells.
    """
    if isinstance(user_id, Asker):
        return await _outline_of(session_id)
    lookers = _lookers.setdefault(asyncio.get_running_loop(), Lookers())
    return await lookers.state_of(session_id, user_id)
