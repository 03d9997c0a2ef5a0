"""Who may do what at every route: the table, and the walk that finds a route without a line.

Not logged in 401, or 302 to the login where people look; another's is as good as absent, 404; what
a role may not do 403; a verb that a route does not offer 405. Trading has a table of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver

TRADING = "/api/v1/trading/"
STANDARD = ("_add", "_change", "_changelist", "_delete", "_history", "_autocomplete")
"""Pages that the admin gives every table; their tests are those of the tables."""
OF_THE_SITE = {
    "index", "login", "logout", "password_change", "password_change_done", "autocomplete",
    "jsi18n", "view_on_site", "app_list", "auth_user_password_change",
    "users_user_password_change", "search",
}  # fmt: skip

PASSWORD = "correct horse battery"
QUESTION = {"question": "how did BTC do over 17 days"}
KEY = {"key": "sk-0123456789-abcd", "password": "guess"}
REASON = "Ticket 4711: the answer looks wrong"


class Line(NamedTuple):
    """What each role gets, in the order of trading's `ROLES`, for a request about the owner's."""

    statuses: tuple[int, ...]
    body: Mapping[str, Any] | None = None
    query: str = ""


READ = Line((401, 200, 200, 200, 200))
"""For everybody who is logged in; of what is owned each sees the own."""
ONE_SOURCE = Line(READ.statuses, None, "?source=coinspot&currency=AUD")
OWN = Line((401, 200, 404, 404, 404))
PAGE = Line((302, 302, 302, 200, 200))
"""In the operator site, for whoever may enter it."""
OPERATORS = Line((302, 302, 302, 403, 200))
LEDGERS, QUALITY, AGENTS = "/api/v1/ledgers/", "/api/v1/quality/", "/api/v1/agents/"
ALERT, SESSION = f"{QUALITY}alerts/<int:alert_id>", f"{AGENTS}sessions/<uuid:session_id>"

API: dict[tuple[str, str], Line] = {
    (f"{LEDGERS}facts/<path:fact_id>", "get"): OWN,
    (f"{LEDGERS}matrix/<str:symbol>", "get"): ONE_SOURCE,
    (f"{LEDGERS}glass/bars/<str:symbol>", "get"): ONE_SOURCE,
    (f"{LEDGERS}glass/newest/", "get"): Line(READ.statuses, None, f"{ONE_SOURCE.query}&assets=BTC"),
    ("/api/v1/timeline/<str:symbol>", "get"): READ,
    **{
        (f"{LEDGERS}{name}", "get"): READ
        for name in (
            "glass/quotes/",
            "glass/candles/",
            "glass/chain-metrics/",
            "glass/protocol-metrics/",
            "human/articles/",
            "human/posts/",
            "human/moods/",
            "human/scores/",
            "catalyst/events/",
            "exchange/orders/",
            "exchange/fills/",
            "exchange/transfers/",
            "exchange/balances/",
        )
    },
    (f"{QUALITY}checks", "get"): READ,
    (f"{QUALITY}feeds", "get"): READ,
    (f"{QUALITY}alerts", "get"): READ,
    (ALERT, "get"): Line((401, 200, 404, 200, 200)),
    (f"{ALERT}/ack", "post"): Line((401, 403, 403, 200, 200), {}),
    (f"{ALERT}/snooze", "post"): Line((401, 403, 403, 400, 400), {"until": "soon"}),
    (f"{ALERT}/note", "post"): Line((401, 403, 403, 400, 400), {}),
    (f"{ALERT}/assign", "post"): Line((401, 403, 403, 400, 400), {"to": "nobody"}),
    (f"{QUALITY}watches", "get"): READ,
    (f"{QUALITY}watches/<str:asset>", "put"): Line((401, 200, 200, 200, 200), {}),
    (f"{QUALITY}watches/<str:asset>", "delete"): Line((401, 204, 204, 204, 204)),
    (f"{AGENTS}sessions", "get"): READ,
    (f"{AGENTS}sessions", "post"): Line((401, 400, 400, 400, 400), {"question": ""}),
    (SESSION, "get"): OWN,
    (f"{SESSION}/messages", "get"): OWN,
    (f"{SESSION}/messages", "post"): Line((401, 409, 404, 404, 404), QUESTION),
    (f"{SESSION}/state", "get"): OWN,
    (f"{SESSION}/events", "get"): OWN,
    (f"{SESSION}/citations", "get"): OWN,
    (f"{SESSION}/approval", "post"): Line((401, 200, 404, 404, 404), {"approved": True}),
    (f"{SESSION}/cancel", "post"): Line((401, 200, 404, 404, 404), {}),
    (f"{AGENTS}key", "get"): READ,
    (f"{AGENTS}key", "put"): Line((401, 400, 400, 400, 400), KEY),
    (f"{AGENTS}key", "delete"): Line((401, 400, 400, 400, 400), {"password": "guess"}),
    ("/api/v1/token/", "post"): Line((400, 400, 400, 400, 400), {}),
    ("/api/v1/token/", "delete"): Line((401, 204, 204, 204, 204)),
    ("/api/schema/", "get"): READ,
}
"""The API without trading. Whoever asks with a wrong password is refused as the owner is: 400."""

SITE = "/admin/"
READING = {"reason": REASON, "password": "guess"}
PAGES: dict[tuple[str, str], Line] = {
    ("/", "get"): Line((302, 302, 302, 302, 302)),
    ("/api/docs/", "get"): Line((302, 200, 200, 200, 200)),
    ("/healthz", "get"): Line((200, 200, 200, 200, 200)),
    ("/readyz", "get"): Line((200, 200, 200, 200, 200)),
    ("/metrics", "get"): Line((401, 401, 401, 200, 200)),
    (f"{SITE}sources/", "get"): OPERATORS,
    (f"{SITE}sources/<slug:slug>/", "get"): OPERATORS,
    (f"{SITE}sources/<slug:slug>/", "post"): Line((302, 302, 302, 403, 200), {"do": "keys"}),
    (f"{SITE}quality/board/", "get"): OPERATORS,
    (f"{SITE}ask/", "get"): PAGE,
    (f"{SITE}ask/", "post"): Line((302, 302, 302, 200, 200), {"question": ""}),
    (f"{SITE}ask/key/", "get"): PAGE,
    (f"{SITE}ask/key/", "post"): Line((302, 302, 302, 200, 200), KEY),
    (f"{SITE}ask/<uuid:session_id>/", "get"): Line((302, 302, 302, 404, 404)),
    (f"{SITE}ask/<uuid:session_id>/", "post"): Line((302, 302, 302, 404, 404), {"do": "cancel"}),
    (f"{SITE}agents/agentsession/<uuid:session_id>/conversation/", "get"): OPERATORS,
    (f"{SITE}agents/agentsession/<uuid:session_id>/conversation/", "post"): Line(
        (302, 302, 302, 403, 403), READING
    ),
    (f"{SITE}exchange/account/import/", "get"): PAGE,
    (f"{SITE}exchange/account/import/", "post"): Line((302, 302, 302, 200, 200), {}),
    (f"{SITE}exchange/account/<int:account_id>/key/", "get"): Line((302, 302, 302, 404, 200)),
    (f"{SITE}exchange/account/<int:account_id>/key/", "post"): Line((302, 302, 302, 404, 403), KEY),
    (f"{SITE}trading/accountpnl/<int:account_id>/trading-key/", "get"): Line(
        (302, 302, 302, 404, 200)
    ),
    (f"{SITE}trading/accountpnl/<int:account_id>/trading-key/", "post"): Line(
        (302, 302, 302, 404, 403), KEY
    ),
}
"""What people look at, but for the tables of the operator site."""


def found_in(
    patterns: Sequence[URLPattern | URLResolver], prefix: str = "/", space: str = ""
) -> Iterator[tuple[str, str, Any]]:
    """Yield path with its parameters, name and view of every route that needs a line here."""
    for pattern in patterns:
        written = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from found_in(pattern.url_patterns, written, pattern.namespace or space)
        elif not written.startswith(TRADING) and not _is_standard(str(pattern.name), space):
            yield written, str(pattern.name), getattr(pattern.callback, "cls", None)


def _is_standard(name: str, space: str) -> bool:
    return space == "admin" and (name.endswith(STANDARD) or name in {*OF_THE_SITE, "None"})
