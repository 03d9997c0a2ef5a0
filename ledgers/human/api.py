"""Lists of the Human ledger."""

from __future__ import annotations

from datetime import timedelta

from django.urls import path

from ledgers.api import FactList
from ledgers.human.models import Article, Mood, Post, Score
from ledgers.serializers import SHARED, FactSerializer, register


@register
class ArticleSerializer(FactSerializer):
    """One item of one news feed."""

    class Meta:
        model = Article
        fields = (
            *SHARED,
            "source",
            "outlet",
            "guid",
            "published_on",
            "is_publication_exact",
            "title",
            "url",
            "summary",
            "author",
            "assets",
        )


@register
class PostSerializer(FactSerializer):
    """One post of a social channel, as it stood when we looked."""

    class Meta:
        model = Post
        fields = (
            *SHARED,
            "source",
            "post_id",
            "channel",
            "author",
            "title",
            "url",
            "score",
            "comments",
            "assets",
        )


@register
class MoodSerializer(FactSerializer):
    """The mood of the market on one day, from 0 (extreme fear) to 100 (extreme greed)."""

    class Meta:
        model = Mood
        fields = (*SHARED, "source", "value", "label")


@register
class ScoreSerializer(FactSerializer):
    """What one version of one model makes of one item, from -1 to 1."""

    class Meta:
        model = Score
        fields = (*SHARED, "item", "model", "version", "value", "assets")


class Articles(FactList):
    """News, by outlet. Default window: seven days."""

    serializer_class = ArticleSerializer
    filters = ("source", "outlet")
    window = timedelta(days=7)


class Posts(FactList):
    """Posts, by channel. Default window: seven days."""

    serializer_class = PostSerializer
    filters = ("source", "channel")
    window = timedelta(days=7)


class Moods(FactList):
    """Fear and greed, a value a day. Default window: 30 days."""

    serializer_class = MoodSerializer
    filters = ("source",)
    window = timedelta(days=30)


class Scores(FactList):
    """Sentiment of items. Default window: seven days."""

    serializer_class = ScoreSerializer
    filters = ("item", "model", "version")
    window = timedelta(days=7)


urlpatterns = [
    path("articles/", Articles.as_view(), name="articles"),
    path("posts/", Posts.as_view(), name="posts"),
    path("moods/", Moods.as_view(), name="moods"),
    path("scores/", Scores.as_view(), name="scores"),
]
