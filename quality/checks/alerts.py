"""Checks of the alerting itself: a monitor that nobody hears is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from quality.delivering import channels_failing, unsent
from quality.findings import Finding, Level
from quality.registry import register

HINT = "Its deliveries in the admin have the errors. Look at the settings of this channel."


@register("alerts.delivered", ledger=None)
def alerts_are_delivered(
    now: datetime,
    *,
    max_age: Annotated[timedelta, "Some attempts, with their growing pauses."] = timedelta(
        minutes=10
    ),
    window: Annotated[timedelta, "Long enough for a person to see it."] = timedelta(days=1),
) -> Iterator[Finding]:
    """No alert waits longer than `max_age` to be told, and none was given up within `window`.

    The channels that work tell of the one that does not.
    """
    given_up = list(channels_failing(now - window))
    for name, count, error in given_up:
        yield _finding(name, f"The channel {name} gave up {count} notices. {error}", Level.ERROR)
    told = {name for name, _, _ in given_up}
    waiting = list(unsent(now - max_age).values_list("channel", "made_at", "error"))
    for name in sorted({one[0] for one in waiting} - told):
        mine = [one for one in waiting if one[0] == name]
        _, since, error = mine[0]
        yield _finding(
            name,
            f"Notices that the channel {name} has not told: {len(mine)}, the first since "
            f"{since:%F %T} UTC. {error}",
            Level.WARNING,
        )


def _finding(name: str, message: str, level: Level) -> Finding:
    return Finding(ledger="", subject=name, level=level, message=message.strip(), hint=HINT)
