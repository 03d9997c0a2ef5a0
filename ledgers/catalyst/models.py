"""Catalyst: filings, announcements and listings, decisions that move markets."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from ledgers.catalyst import records
from ledgers.models import Fact, Ledger
from ledgers.numeric import ExactField


class Event(Fact):
    """Something that can move a market: who, what, which assets, and where to read it.

    For an SEC filing `source_key` is the accession number. Its acceptance time is not compared:
    the SEC moves it by hours between two polls without anything having happened. Of an
    announcement `edited_at` is compared, for its author may change the text below the title.
    """

    class Kind(models.TextChoices):
        SEC_FILING = "sec_filing", "SEC filing"
        LISTING = "listing"
        DELISTING = "delisting"
        MAINTENANCE = "maintenance"
        FORK = "fork", "Fork or airdrop"
        STAKING = "staking"
        ANNOUNCEMENT = "announcement"
        MACRO = "macro", "Monetary policy"
        GOVERNANCE = "governance"

    class Impact(models.TextChoices):
        HIGH = "high"
        MEDIUM = "medium"
        LOW = "low"

    source = models.CharField(max_length=40)
    source_key = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind)
    title = models.TextField()
    assets = ArrayField(models.CharField(max_length=30))
    company = models.CharField(max_length=200, blank=True)
    tickers = ArrayField(models.CharField(max_length=20))
    form = models.CharField(max_length=30, blank=True)
    codes = ArrayField(models.CharField(max_length=30))
    impact = models.CharField(max_length=10, choices=Impact)
    url = models.TextField()
    confidence = ExactField()
    edited_at = models.DateTimeField(null=True, help_text="When its author last changed it.")
    is_publication_exact = models.BooleanField(
        default=True, help_text="False: published_at is the latest that it can have been."
    )

    ledger = Ledger.CATALYST
    identity = ("source", "source_key")
    is_told_by_many = True
    compared = ("kind", "title", "form", "edited_at")
    erasable = ("title", "company", "url")
    record = records.EventRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_key", "revision"], name="event_identity"
            ),
            models.CheckConstraint(
                condition=models.Q(confidence__gte=0, confidence__lte=1), name="event_confidence"
            ),
        ]
        indexes = [
            models.Index(fields=["-event_at", "-id"], name="event_newest"),
            GinIndex(fields=["assets"], name="event_assets"),
        ]

    @property
    def is_amendment(self) -> bool:
        """Tell whether a filing corrects an earlier one."""
        return self.form.endswith("/A")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.title}"
