"""What the four ledgers share: assets, feeds, runs, payloads, coverage, slots, and the fact."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models

from ledgers.querysets import FactQuerySet


class Ledger(models.TextChoices):
    """The four ledgers."""

    GLASS = "glass"
    HUMAN = "human"
    CATALYST = "catalyst"
    EXCHANGE = "exchange"


class Asset(models.Model):
    """A coin, token or currency, known by its symbol; facts name it without a foreign key.

    An asset that a source brings and nobody has described is kept, `is_verified` False.
    """

    class Kind(models.TextChoices):
        CRYPTO = "crypto"
        FIAT = "fiat"

    symbol = models.CharField(max_length=30, primary_key=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CRYPTO)
    aliases = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    is_verified = models.BooleanField(default=False)

    class Meta:
        ordering = ["symbol"]

    def __str__(self) -> str:
        return self.symbol


class Feed(models.Model):
    """One scope of one source, and how far its observations got.

    An unchanged observation leaves no row. Without `observed_through` a payload that arrives
    late could therefore undo what a newer payload had confirmed.
    """

    name = models.CharField(max_length=200, primary_key=True, help_text="source, or source/scope")
    source = models.CharField(max_length=100)
    scope = models.CharField(max_length=100, blank=True)
    ledger = models.CharField(max_length=10, choices=Ledger)
    every = models.DurationField(null=True, help_text="How often it is looked at; null: on demand.")
    restates = models.BooleanField(default=True)
    lag = models.DurationField(help_text="From event_at to the moment the source publishes.")
    parser = models.PositiveSmallIntegerField(default=0)
    observed_through = models.DateTimeField(null=True)

    class Meta:
        ordering = ["ledger", "name"]

    def __str__(self) -> str:
        return self.name


class Schedule(models.Model):
    """How often a job runs, whether an operator paused it, and whether its breaker is open.

    After `failures` failed runs in a row the breaker rests the job until `rests_until`; then one
    run tries again.
    """

    job = models.CharField(max_length=100, primary_key=True, help_text="kind:name")
    every = models.DurationField()
    is_paused = models.BooleanField(default=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    rests_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["job"]

    def __str__(self) -> str:
        return self.job


class Slot(models.Model):
    """One due run of one job. `attempt` is the fence: only its newest holder may store."""

    class State(models.TextChoices):
        SENT = "sent"
        LEASED = "leased"
        DONE = "done"
        ABANDONED = "abandoned"

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="slots")
    number = models.BigIntegerField(help_text="floor(epoch / every)")
    state = models.CharField(max_length=10, choices=State, default=State.SENT)
    sends = models.PositiveSmallIntegerField(default=1, help_text="Messages sent for it.")
    sent_at = models.DateTimeField()
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Times it was claimed.")
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "number"], name="slot_identity"),
            models.UniqueConstraint(
                fields=["schedule"],
                condition=models.Q(state="leased"),
                name="slot_one_lease_a_job",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.number} ({self.state})"


class CollectorRun(models.Model):
    """One look at one feed: where each row of every ledger came from, and what was seen.

    `fetched` counts the items of all payloads; each is new, revised, duplicate, late or rejected.
    """

    class Kind(models.TextChoices):
        LIVE = "live"
        BACKFILL = "backfill"
        REPLAY = "replay"
        IMPORT = "import"
        SEED = "seed"

    class Outcome(models.TextChoices):
        RUNNING = "running"
        OK = "ok"
        EMPTY = "empty", "Empty, and the source says so"
        PARTIAL = "partial", "Stored, with rejected records"
        RATE_LIMITED = "rate_limited"
        BLOCKED = "blocked", "Refused by the source"
        DRIFT = "drift", "The answer has another shape"
        TRANSPORT = "transport", "No usable answer"
        INTERRUPTED = "interrupted", "The worker vanished"
        UNCONFIGURED = "unconfigured", "A setting is missing"
        CRASHED = "crashed", "An error of ours"

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="runs")
    slot = models.ForeignKey(Slot, on_delete=models.SET_NULL, null=True, related_name="runs")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.LIVE)
    parser = models.PositiveSmallIntegerField(default=1)
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.RUNNING)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    window = DateTimeRangeField(null=True, help_text="Event time that it covered.")
    fetched = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    revised = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    late = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    payloads = ArrayField(models.CharField(max_length=64), default=list, help_text="SHA-256.")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["feed", "-started_at"], name="run_feed")]

    def __str__(self) -> str:
        return f"{self.feed_id} #{self.pk} ({self.outcome})"


class RawPayload(models.Model):
    """The bytes a source answered with, so that a better parser can read them again."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    url = models.TextField(help_text="Without keys.")
    status = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=100, blank=True)
    observed_at = models.DateTimeField()
    size = models.PositiveIntegerField(help_text="Bytes before compression.")
    body = models.BinaryField(null=True, help_text="zlib; null when it lies in the bucket.")

    def __str__(self) -> str:
        return f"{self.url} {self.sha256[:12]}"


class RejectedRecord(models.Model):
    """One item that could not become a fact, with the reason; the rest of its batch was stored."""

    run = models.ForeignKey(CollectorRun, on_delete=models.CASCADE, related_name="rejects")
    reason = models.CharField(max_length=60, help_text="A code, such as not_a_number.")
    detail = models.TextField(help_text="What was wrong, for a person.")
    item = models.TextField(help_text="The item as the source wrote it, cut at 4,000 characters.")
    payload = models.CharField(max_length=64, blank=True, db_index=True, help_text="SHA-256.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail[:80]}"


class Fact(models.Model):
    """What a source said, when it was true, and when we came to know it.

    A subclass declares `identity` (which thing is meant), `compared` (which fields, when a newer
    observation differs in them, make the next revision) and `record` (the value its parsers
    return). Rows are never changed.
    """

    event_at = models.DateTimeField(help_text="When it happened in the world.")
    published_at = models.DateTimeField(null=True, help_text="When the world could know it.")
    known_at = models.DateTimeField(help_text="When we stored it, by the database's clock.")
    available_at = models.DateTimeField(help_text="From which as_of on a read shows it.")
    observed_at = models.DateTimeField(help_text="When the source said so: its Date.")
    run = models.ForeignKey(
        CollectorRun, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    parser = models.PositiveSmallIntegerField()
    revision = models.PositiveSmallIntegerField()
    withdrawn = models.BooleanField()

    ledger: ClassVar[Ledger]
    identity: ClassVar[tuple[str, ...]]
    compared: ClassVar[tuple[str, ...]]
    record: ClassVar[type]
    objects = FactQuerySet.as_manager()

    class Meta:
        abstract = True


class Coverage(models.Model):
    """A window of event time in which a complete run of a feed has looked."""

    feed = models.ForeignKey(Feed, models.PROTECT, related_name="+")
    window = DateTimeRangeField()
    known_at = models.DateTimeField()
    available_at = models.DateTimeField()
    run = models.ForeignKey(CollectorRun, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["feed", "known_at"], name="coverage_feed")]

    def __str__(self) -> str:
        return f"{self.feed_id} {self.window}"


class Erasure(models.Model):
    """One column of one row, blanked because a law or a source's terms demand it."""

    fact = models.CharField(max_length=100)
    row_id = models.BigIntegerField()
    reason = models.TextField()
    erased_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.fact} {self.row_id}: {self.reason}"
