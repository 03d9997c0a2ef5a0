"""Pages of the Human ledger."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from ledgers.admin import FactAdmin
from ledgers.human.models import Article, Mood, Post, Score


class WrittenAdmin(FactAdmin):
    """What people wrote, and the assets it names."""

    @admin.display(description="assets")
    def show_assets(self, row: Any) -> str:
        """Write the symbols."""
        return ", ".join(row.assets)


@admin.register(Article)
class ArticleAdmin(WrittenAdmin):
    """News."""

    list_display = ("outlet", "title", "show_assets")
    search_fields = ("title", "outlet")
    search_help_text = "Part of a title or an outlet"


@admin.register(Post)
class PostAdmin(WrittenAdmin):
    """Posts of social channels."""

    list_display = ("channel", "title", "score", "comments", "show_assets")
    search_fields = ("title", "channel")
    search_help_text = "Part of a title or a channel"


@admin.register(Mood)
class MoodAdmin(FactAdmin):
    """Fear and greed."""

    list_display = ("source", "value", "label")


@admin.register(Score)
class ScoreAdmin(WrittenAdmin):
    """Sentiment of articles and posts."""

    list_display = ("item", "value", "model", "version", "show_assets")
    search_fields = ("=item",)
    search_help_text = "The public id of an item"
