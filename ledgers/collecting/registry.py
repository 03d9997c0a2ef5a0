"""The collectors this installation knows, by slug."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from ledgers.collecting.collector import Collector
from ledgers.jobs import JobKind, register_kind
from ledgers.models import Feed

collectors: dict[str, Collector] = {}


def register(cls: type[Collector]) -> type[Collector]:
    """Make `cls` known under its slug; a class decorator."""
    if cls.slug in collectors:
        raise ValueError(f"Two collectors are called {cls.slug!r}.")
    collectors[cls.slug] = cls()
    return cls


def autodiscover() -> None:
    """Import every module of every installed app's `collectors` package, and schedule them."""
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "collectors"):
            package = import_module(f"{config.name}.collectors")
            for module in pkgutil.iter_modules(package.__path__):
                import_module(f"{package.__name__}.{module.name}")
    register_kind(JobKind(kind="collect", task="ledgers.tasks.collect", cadences=_cadences))


def expected_feeds() -> list[Feed]:
    """Return every feed that should be looked at, also those never looked at yet; unsaved."""
    return [
        feed_of(collector, scope)
        for collector in collectors.values()
        for scope in collector.scopes()
    ]


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


def _cadences() -> Mapping[str, timedelta]:
    return {slug: collector.every for slug, collector in collectors.items()}
