"""What `manage.py up` does, in order: look, start the engines, prepare, run, watch."""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO

import celery.__main__
import gunicorn.app.wsgiapp
from celery.platforms import SecurityWarning
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from omc_project import embedded, first_run, ports
from omc_project.bootstrap import bootstrap
from omc_project.celery import app
from omc_project.children import Program
from omc_project.engines import places
from omc_project.errors import SetupError
from omc_project.supervisor import Supervisor, Watch

THREADS = "8"
WORKERS = "2"  # processes of the Celery worker
SENDERS = "4"  # threads for orders, which no long collection keeps waiting; they wait for venues

Say = Callable[[str], None]


def run(*, host: str, port: int, is_offline: bool, began: float, say: Say) -> int:
    """Run everything until a signal; return the exit status."""
    places.prepare(places.HOME)
    with _only_one(f"http://{_shown(host)}:{port}") as lock:
        ports.require_free(host, port)
        bootstrap()
        for line in first_run.prepare(is_read=True):
            say(line)
        replay = _replay_port() if is_offline else None
        watch = Watch(
            is_up=lambda: (
                ports.answers(_shown(host), port, "/healthz", name=_own_name())
                and (replay is None or ports.listens(replay))
            ),
            on_up=lambda: say(_ready(host, port, began)),
            keep_engines=_keep_engines,
            leave=lock.close,
        )
        connections.close_all()
        _load()
        gc.collect()
        gc.freeze()  # what is loaded by now stays shared with the children
        return Supervisor(programs=programs(host=host, port=port, replay=replay), watch=watch).run()


def _load() -> None:
    """Import what every child would import for itself: the tasks, and what the URLs name."""
    app.loader.import_default_modules()
    import_module(settings.ROOT_URLCONF)


def programs(*, host: str, port: int, replay: int | None) -> list[Program]:
    """Return what runs, in the order of starting."""
    wanted = [
        Program(
            name="web",
            argv=(
                "gunicorn",
                "omc_project.wsgi",
                *("--bind", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"),
                *("--workers", "1", "--threads", THREADS, "--no-control-socket"),
            ),
            main=_gunicorn_main,
        ),
        Program(
            name="worker",
            argv=_celery(
                *("worker", "--queues", "celery", "--concurrency", WORKERS),
                *("--without-gossip", "--without-mingle"),
            ),
            main=_celery_main,
        ),
        Program(
            name="orders",
            argv=_celery(
                *("worker", "--queues", "orders", "--hostname", "orders@%h"),
                *("--pool", "threads", "--concurrency", SENDERS),
                *("--without-gossip", "--without-mingle"),
            ),
            main=_celery_main,
        ),
        Program(
            name="beat",
            argv=_celery("beat", "--scheduler", "celery.beat:Scheduler"),
            main=_celery_main,
        ),
    ]
    if replay is not None:
        wanted.append(
            Program(
                name="replay",
                argv=("manage.py", "replay", "--port", str(replay)),
                main=lambda: call_command("replay", port=replay),
            )
        )
    return wanted


def _gunicorn_main() -> None:
    """Run the command line; static files come from the packages, not from a collected folder."""
    warnings.filterwarnings("ignore", message="No directory at")
    gunicorn.app.wsgiapp.run()


def _celery(*words: str) -> tuple[str, ...]:
    level = logging.getLevelName(logging.getLogger().getEffectiveLevel())
    return ("celery", "--app", "omc_project", "--quiet", *words, "--loglevel", level)


def _celery_main() -> None:
    """Run the command line; that somebody runs it as root is their choice, not news."""
    warnings.simplefilter("ignore", SecurityWarning)
    celery.__main__.main()


def _replay_port() -> int | None:
    """Point every source at the built-in replay server, unless another one is named already."""
    if settings.OMC_REPLAY_URL:
        return None
    port = ports.free_port()
    settings.OMC_REPLAY_URL = f"http://127.0.0.1:{port}"
    return port


def _keep_engines() -> None:
    """Start an embedded engine that was killed; say so when that fails, and try again later."""
    try:
        if any(settings.EMBEDDED.values()):
            embedded.ensure(**settings.EMBEDDED)
    except SetupError as error:
        sys.stdout.write(f"{error}\n")


@contextmanager
def _only_one(address: str) -> Iterator[IO[str]]:
    """Refuse a second start from the same data folder; two beats would be one too many."""
    with places.open_lock(places.HOME, "up.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = (places.HOME / "up.lock").read_text().strip() or "it is just starting"
            raise SetupError(
                f"Oh My Coins already runs from {places.HOME}: {other}. Use that one, stop it "
                "with Ctrl-C, or start another with its own OMC_HOME and --port."
            ) from None
        lock.truncate(0)
        lock.write(f"{address}, process {os.getpid()}\n")
        lock.flush()
        yield lock


def _shown(host: str) -> str:
    """Return the address a browser here can use."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # compared, not bound
        return "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return host


def _own_name() -> str:
    """Return a host name that this installation answers to."""
    first = next(iter(settings.ALLOWED_HOSTS), "localhost")
    return "localhost" if first == "*" else first.lstrip(".")


def _ready(host: str, port: int, began: float) -> str:
    return (
        f"ready     http://{_shown(host)}:{port}/admin/  "
        f"after {time.monotonic() - began:.1f} s, Ctrl-C stops it"
    )
