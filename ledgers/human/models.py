"""Human: news, posts, the mood of the market, and scores of what was written."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models

from ledgers.human import records
from ledgers.models import Fact, Ledger
from ledgers.numeric import ExactField


class Article(Fact):
    """One item of one news feed.

    A guid alone is no identity: outlets reuse evergreen guids with a new date, hence the day. It is
    the day that the item claims, so that an item without a date, or with one in the future, is the
    same thing at every look.
    """

    source = models.CharField(max_length=40)
    outlet = models.CharField(max_length=60)
    guid = models.CharField(max_length=500)
    published_on = models.DateField(
        help_text="Day of publication as the item has it, UTC; 1970-01-01 if it has none."
    )
    is_publication_exact = models.BooleanField(
        default=True, help_text="False: published_at is when we first saw it."
    )
    title = models.TextField()
    url = models.TextField()
    summary = models.TextField(help_text="At most 200 characters.")
    author = models.CharField(max_length=200)
    assets = ArrayField(models.CharField(max_length=30))

    ledger = Ledger.HUMAN
    identity = ("outlet", "guid", "published_on")
    compared = ("title", "url", "summary")
    erasable = ("title", "url", "summary", "author")
    record = records.ArticleRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outlet", "guid", "published_on", "revision"], name="article_identity"
            )
        ]
        indexes = [
            models.Index(fields=["-event_at", "-id"], name="article_newest"),
            BrinIndex(fields=["known_at"], name="article_known", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.outlet}: {self.title}"


class Post(Fact):
    """One post of a social channel, as it stood when we looked."""

    source = models.CharField(max_length=40)
    post_id = models.CharField(max_length=60)
    channel = models.CharField(max_length=60)
    author = models.CharField(max_length=100)
    title = models.TextField()
    url = models.TextField()
    score = models.IntegerField()
    comments = models.IntegerField()
    assets = ArrayField(models.CharField(max_length=30))

    ledger = Ledger.HUMAN
    identity = ("source", "post_id")
    is_told_by_many = True
    compared = ("title", "score", "comments")
    erasable = ("author", "title", "url")
    record = records.PostRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "post_id", "revision"], name="post_identity")
        ]
        indexes = [
            models.Index(fields=["-event_at", "-id"], name="post_newest"),
            BrinIndex(fields=["known_at"], name="post_known", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.title}"


class Mood(Fact):
    """The mood of the market on one day, from 0 (extreme fear) to 100 (extreme greed)."""

    source = models.CharField(max_length=40)
    value = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=40)

    ledger = Ledger.HUMAN
    identity = ("source", "event_at")
    compared = ("value", "label")
    record = records.MoodRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "event_at", "revision"], name="mood_identity")
        ]

    def __str__(self) -> str:
        return f"{self.value} ({self.label}) at {self.event_at:%F}"


class Score(Fact):
    """What one version of one model makes of one item, from -1 (bad news) to 1 (good news)."""

    item = models.CharField(max_length=200, help_text="Public id.")
    model = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    value = ExactField()
    assets = ArrayField(models.CharField(max_length=30))

    ledger = Ledger.HUMAN
    identity = ("item", "model", "version")
    compared = ("value",)
    record = records.ScoreRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "model", "version", "revision"], name="score_identity"
            ),
            models.CheckConstraint(
                condition=models.Q(value__gte=-1, value__lte=1), name="score_in_range"
            ),
        ]
        indexes = [
            models.Index(fields=["-event_at", "-id"], name="score_newest"),
            GinIndex(fields=["assets"], name="score_assets"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.value} by {self.model}@{self.version}"
