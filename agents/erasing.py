"""Blank in journals what was quoted of a thing that is erased.

A turn that cites the thing is looked through: its texts go, whole or as far as they were quoted,
and so do the copies that Redis keeps of the session. What the answer says beside them stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from django.db import connection

from agents import sessions
from agents.checkpoints import RedisCheckpoints
from ledgers.erasing import Forgotten

SHORTEST = 4
"""A shorter text would be found inside other words."""
QUOTED = re.compile(r'["\u201c]([^"\u201c\u201d]+)["\u201d]')

# The events of every turn in which a row of the thing was shown.
CITING = """
    SELECT id, session_id, turn, payload FROM agents_sessionevent
    WHERE (session_id, turn) IN (
        SELECT session_id, turn FROM agents_sessionevent, unnest(%s::text[]) AS cited
        WHERE strpos(payload::text, to_json(cited)::text) > 0
    )
"""


def forget_quotes(forgotten: Forgotten) -> int:
    """Blank what journals quoted of a thing, through the keeper's door; return how many events."""
    with connection.cursor() as cursor:
        cursor.execute(CITING, [list(forgotten.ids)])
        events = cursor.fetchall()
        said = set(forgotten.texts)
        for *_, written in events:
            payload = json.loads(written)  # Django's connections hand JSON out as text
            said |= set(_shown(payload, forgotten)) | set(_quoted(payload, forgotten.texts))
        words = sorted((one for one in said if len(one) >= SHORTEST), key=len, reverse=True)
        cursor.execute(
            "SELECT omc_erase_quotes('agents_sessionevent', %s, %s, %s)",
            [forgotten.erasure, words, [event_id for event_id, *_ in events]],
        )
        blanked: int = cursor.fetchone()[0]
    checkpoints = RedisCheckpoints(sessions.connection())
    for session_id, turn in {(session_id, turn) for _, session_id, turn, _ in events}:
        checkpoints.delete_thread(f"{session_id}:{sessions.thread_of(str(session_id), turn)}")
        sessions.forget(str(session_id))
    return blanked


def _shown(value: Any, forgotten: Forgotten) -> Iterator[str]:
    """Yield the texts of the thing as a tool showed them, which may be tidier than the source's."""
    if isinstance(value, dict):
        if value.get("id") in forgotten.ids:
            yield from (text for name in forgotten.columns if (text := value.get(name)))
        for part in value.values():
            yield from _shown(part, forgotten)
    elif isinstance(value, list):
        for part in value:
            yield from _shown(part, forgotten)


def _quoted(value: Any, texts: Any) -> Iterator[str]:
    """Yield the quotes that are a part of one of the texts."""
    if isinstance(value, str):
        for quote in QUOTED.findall(value):
            if any(quote.strip() in text for text in texts):
                yield quote.strip()
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _quoted(part, texts)
