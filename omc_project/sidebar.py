"""The admin's side bar: the rooms in the order of the design, each with the pages one may see."""

from __future__ import annotations

from typing import Any, TypedDict

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

ORDER = ("quality", "trading", "agents", "glass", "human", "catalyst", "exchange", "ledgers")
TITLES = {"ledgers": "Collecting", "users": "People", "auth": "People", "authtoken": "People"}
ICONS = {
    "quality": "health_and_safety",
    "trading": "payments",
    "agents": "forum",
    "glass": "query_stats",
    "human": "newspaper",
    "catalyst": "bolt",
    "exchange": "swap_horiz",
    "ledgers": "cloud_download",
    "users": "group",
    "auth": "groups",
    "authtoken": "key",
}


class Item(TypedDict):
    """One page."""

    title: str
    icon: str
    link: str


class Group(TypedDict):
    """The pages of one room."""

    title: str
    separator: bool
    collapsible: bool
    items: list[Item]


def navigation(request: HttpRequest) -> list[Group]:
    """Return the groups of the side bar; unfold's callback."""
    first = [
        Item(title="Overview", icon="home", link=reverse("admin:index")),
        Item(title="Ask", icon="forum", link=reverse("ask")),
    ]
    groups = {"": _group("", first)}
    apps: list[dict[str, Any]] = admin.site.get_app_list(request)
    for app in sorted(apps, key=lambda app: _rank(app["app_label"])):
        label = app["app_label"]
        title = TITLES.get(label, str(app["name"]))
        group = groups.setdefault(title, _group(title, []))
        if label == "ledgers" and request.user.has_perm("ledgers.view_feed"):
            link = reverse("sources")
            group["items"].append(Item(title="Sources", icon="lan", link=link))
        if label == "quality" and request.user.has_perm("quality.view_alert"):
            link = reverse("quality-board")
            group["items"].append(Item(title="Board", icon="monitor_heart", link=link))
        group["items"].extend(_items(label, app["models"]))
    return list(groups.values())


def _group(title: str, items: list[Item]) -> Group:
    return Group(title=title, separator=bool(title), collapsible=False, items=items)


def _items(label: str, models: list[dict[str, Any]]) -> list[Item]:
    return [
        Item(
            title=str(model["name"]).capitalize(),
            icon=ICONS.get(label, "chevron_right"),
            link=model["admin_url"],
        )
        for model in models
        if model["admin_url"]
    ]


def _rank(label: str) -> int:
    return ORDER.index(label) if label in ORDER else len(ORDER)
