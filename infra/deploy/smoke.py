"""Ask the environment's own address which commit answers."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.deploy.errors import FailedError
from infra.deploy.patience import Patience

TIMEOUT = 10
SHORT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What /healthz said, or why it said nothing."""

    commit: str
    text: str

    def is_from(self, commit: str) -> bool:
        """Whether it is alive and was built from the commit; any, if the commit is not known."""
        return bool(self.commit) and commit in {self.commit, ""}


def ask(url: str) -> Answer:
    """Ask /healthz once. Only a 200 that is JSON with status ok counts as alive."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request("GET", f"{parts.path}/healthz", headers={"Accept": "application/json"})
        response = connection.getresponse()
        text = response.read(64 * 1024).decode(errors="replace")
        body = json.loads(text) if response.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(commit="", text=f"{type(error).__name__}: {error}")
    if isinstance(body, dict) and body.get("status") == "ok":
        return Answer(commit=str(body.get("commit", "unknown")), text=text[:SHORT])
    return Answer(commit="", text=f"{response.status} {text[:SHORT]}")


def require(url: str, commit: str, patience: Patience) -> None:
    """Wait until the commit answers; fail with the last answer if it does not."""
    last: list[Answer] = []

    def look() -> bool | None:
        last[:] = [ask(url)]
        return True if last[0].is_from(commit) else None

    if not patience.wait(look):
        raise FailedError(
            f"{url}/healthz does not answer for commit {commit or '(any)'}: {last[0].text}"
        )
