"""The collectors this installation knows, by slug: the house's own, and an operator's.

A module that cannot be imported is left out, with a critical log line and its error in `broken`;
the others go on. An operator's own file is any `*.py` in the folder OMC_PLUG_IN_FOLDER.
"""

from __future__ import annotations

import logging
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError
from django.utils.module_loading import module_has_submodule

from ledgers.collecting.collector import Collector
from ledgers.collecting.needs import missing
from ledgers.jobs import JobKind, kinds, register_kind
from ledgers.models import Feed, Ledger

logger = logging.getLogger(__name__)

KIND = "collect"
PLUG_INS = "omc_plug_ins"
SLUG = re.compile(r"[a-z0-9_-]{1,60}")

collectors: dict[str, Collector] = {}
"""Every collector that could be imported, also plug-ins that are off."""
broken: dict[str, str] = {}
"""What is wrong with the modules that were left out, and with sources that cannot name feeds."""


def register(cls: type[Collector]) -> type[Collector]:
    """Make `cls` known under its slug; a class decorator."""
    _demand_sound(cls)
    if cls.slug in collectors:
        raise ValueError(f"Two collectors are called {cls.slug!r}.")
    collectors[cls.slug] = cls()
    return cls


def autodiscover() -> None:
    """Import the `collectors` of every app and the operator's own files, and schedule them."""
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "collectors"):
            load_package(f"{config.name}.collectors")
    if settings.OMC_PLUG_IN_FOLDER:
        load_folder(Path(settings.OMC_PLUG_IN_FOLDER))
    register_kind(
        JobKind(kind=KIND, task="ledgers.tasks.collect", cadences=_cadences, feeds=_feeds)
    )


def load_package(package: str) -> None:
    """Import every module of a package, each for itself."""
    for module in pkgutil.iter_modules(import_module(package).__path__):
        name = f"{package}.{module.name}"
        _load(name, lambda name=name: import_module(name))  # type: ignore[misc]  # bound now


def load_folder(folder: Path) -> None:
    """Import every `*.py` of a folder that is no package, each for itself."""
    if not folder.is_dir():
        _exclude(PLUG_INS, f"OMC_PLUG_IN_FOLDER names {folder}, which is no folder.")
    for file in sorted(folder.glob("*.py")):
        name = f"{PLUG_INS}.{file.stem}"
        _load(name, lambda name=name, file=file: _run_file(name, file))  # type: ignore[misc]  # bound now


def active() -> dict[str, Collector]:
    """Return the collectors that are on, by slug."""
    return {slug: collector for slug, collector in collectors.items() if is_on(collector)}


def job_name(collector: Collector) -> str:
    """Return the job that looks at a source."""
    return f"{KIND}:{collector.slug}"


def is_on(collector: Collector) -> bool:
    """Tell whether a collector runs: a plug-in only if it is named, or has all that it needs."""
    if not collector.is_plug_in or collector.slug in settings.OMC_PLUG_INS:
        return True
    return bool(collector.needs) and not missing(collector)


def expected_feeds(ledger: str | None = None) -> list[Feed]:
    """Return every feed that should be looked at, of one ledger or of all; unsaved.

    Also those never looked at yet.
    """
    return [feed for kind in kinds.values() for feed in kind.feeds(ledger)]


def feeds_of_source(collector: Collector) -> list[Feed]:
    """Describe the feeds of one source; one that cannot even name them is broken, and has none."""
    try:
        feeds = [feed_of(collector, scope) for scope in collector.scopes()]
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001  # foreign code: it must not stop the others
        if collector.slug not in broken:
            _exclude(collector.slug, f"{type(error).__name__}: {error}")
        return []
    broken.pop(collector.slug, None)
    return feeds


def feed_of(collector: Collector, scope: str) -> Feed:
    """Describe the feed of one scope; the row it becomes on its first look."""
    return Feed(
        name=collector.feed_name(scope),
        source=collector.slug,
        scope=scope,
        ledger=collector.ledger,
        every=collector.cadence(scope),
        restates=collector.restates,
        lag=collector.lag,
    )


def _load(module: str, load: Callable[[], object]) -> None:
    """Import one module whole or not at all."""
    before = dict(collectors)
    try:
        load()
    except (Exception, SystemExit) as error:  # noqa: BLE001  # foreign code: the others go on
        collectors.clear()
        collectors.update(before)
        _exclude(module, f"{type(error).__name__}: {error}")


def _run_file(name: str, file: Path) -> None:
    """Import a file under a name of ours, where its records are looked up later."""
    spec = spec_from_file_location(name, file)
    assert spec is not None  # noqa: S101  # a path to a .py file always has one
    assert spec.loader is not None  # noqa: S101
    sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(sys.modules[name])
    except BaseException:
        del sys.modules[name]
        raise


def _exclude(module: str, error: str) -> None:
    broken[module] = error
    logger.critical("The collectors of %s are left out: %s", module, error)


def _demand_sound(cls: type[Collector]) -> None:
    """Refuse a class that would stop the others later, when they are asked all together."""
    faults = {
        "slug": not SLUG.fullmatch(str(getattr(cls, "slug", ""))),
        "ledger": getattr(cls, "ledger", None) not in set(Ledger),
        "every": not (
            isinstance(getattr(cls, "every", None), timedelta) and cls.every.total_seconds() > 0
        ),
        "hosts": isinstance(getattr(cls, "hosts", ""), str),
    }
    if wrong := [name for name, is_wrong in faults.items() if is_wrong]:
        raise TypeError(f"{cls.__name__} does not say what it is: {', '.join(wrong)}.")


def _cadences() -> Mapping[str, timedelta]:
    return {slug: collector.every for slug, collector in active().items()}


def _feeds(ledger: str | None) -> list[Feed]:
    return [
        feed
        for collector in active().values()
        if ledger in (None, collector.ledger)
        for feed in feeds_of_source(collector)
    ]
