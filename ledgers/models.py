"""What the four ledgers share: assets, feeds, runs, payloads, coverage, slots, and the fact."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.models import Func
from django.db.models.functions import Now
from django.utils import timezone

from ledgers.projecting import Projection
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
    urls = ArrayField(models.TextField(), default=list, help_text="Of each payload.")
    observed = ArrayField(models.DateTimeField(), default=list, help_text="When, each payload.")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["feed", "-started_at"], name="run_feed")]

    def __str__(self) -> str:
        return f"{self.feed_id} #{self.pk} ({self.outcome})"


class RawPayload(models.Model):
    """The bytes a source answered with, so that a better parser can read them again.

    They are kept once, however often they come, and some time after they came last.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    url = models.TextField(help_text="Without keys.")
    status = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=100, blank=True)
    observed_at = models.DateTimeField()
    seen_at = models.DateTimeField(
        default=timezone.now, db_index=True, help_text="When they came last, to within a day."
    )
    size = models.PositiveIntegerField(help_text="Bytes before compression.")
    body = models.BinaryField(null=True, help_text="zlib; null when it lies in the bucket.")

    def __str__(self) -> str:
        return f"{self.url} {self.sha256[:12]}"


class RejectedRecord(models.Model):
    """One item that could not become a fact, with the reason; the rest of its batch was stored.

    When a better parser reads it, the replay that made it a fact is `resolved_by`; the row stays.
    """

    run = models.ForeignKey(CollectorRun, on_delete=models.CASCADE, related_name="rejects")
    resolved_by = models.ForeignKey(
        CollectorRun, models.SET_NULL, null=True, related_name="resolved", editable=False
    )
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
    observation differs in them, make the next revision), `record` (the value its parsers return)
    and `projections` (caches that follow each store). Where several feeds of a source may tell of
    one thing, `is_told_by_many`, and they store in turns. Rows are never changed, but that an
    erasure blanks the `erasable` ones of its columns: the texts that people wrote.
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
    erasable: ClassVar[tuple[str, ...]] = ()
    record: ClassVar[type]
    projections: ClassVar[tuple[Projection, ...]] = ()
    ends: ClassVar[str | None] = None
    is_told_by_many: ClassVar[bool] = False
    objects = FactQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_erased(self) -> bool:
        """Tell whether its texts were erased; no source tells of a thing without a word."""
        return bool(self.erasable) and not any(getattr(self, name) for name in self.erasable)


class Coverage(models.Model):
    """A window of event time in which a complete run of a feed has looked."""

    feed = models.ForeignKey(Feed, models.PROTECT, related_name="+")
    window = DateTimeRangeField()
    known_at = models.DateTimeField()
    available_at = models.DateTimeField()
    run = models.ForeignKey(CollectorRun, models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["feed", "known_at"], name="coverage_feed"),
            models.Index("feed", Func("window", function="upper"), name="coverage_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.feed_id} {self.window}"


class Dropped(models.Model):
    """A window of event time whose rows retention dropped, of one feed that had some there.

    What was looked at there can no longer be shown, so reads of coverage subtract it.
    """

    table = models.CharField(max_length=63)
    feed = models.ForeignKey(Feed, models.PROTECT, related_name="+", db_index=False)
    window = DateTimeRangeField()
    dropped_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["feed"], name="dropped_feed")]
        verbose_name_plural = "dropped"

    def __str__(self) -> str:
        return f"{self.table} {self.feed_id} {self.window}"


class Erasure(models.Model):
    """One thing whose texts were blanked in every revision, as a law or a source's terms demand.

    Append-only, written by the same function that blanks. The identity is remembered, so that
    nothing a source says of it later is stored.
    """

    fact = models.CharField(max_length=100, help_text="Table.")
    identity = ArrayField(models.TextField(), help_text="Values of the fact's identity, in order.")
    columns = ArrayField(models.TextField(), help_text="What was blanked.")
    revisions = models.PositiveIntegerField(help_text="Rows that were blanked.")
    reason = models.TextField()
    actor = models.CharField(max_length=150)
    erased_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fact", "identity"], name="erasure_identity")
        ]

    def __str__(self) -> str:
        return f"{self.fact} {' '.join(self.identity)}: {self.reason}"


class Credential(models.Model):
    """One value that a venue or a source trusts us with, encrypted; see `ledgers.credentials`."""

    owner = models.CharField(max_length=120, help_text="source:<slug> or account:<id>")
    name = models.CharField(max_length=60)
    key_id = models.CharField(max_length=16, help_text="Which master key sealed it.")
    sealed = models.BinaryField(help_text="Nonce, then AES-256-GCM of the value and its tag.")
    hint = models.CharField(max_length=8, help_text="What may be shown of it.")
    stored_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="credential_identity")
        ]

    def __str__(self) -> str:
        return f"The {self.name} of {self.owner}"


class CredentialUse(models.Model):
    """What was done with the credentials of one owner, by whom and what for; append-only."""

    class Action(models.TextChoices):
        STORED = "stored"
        USED = "used"
        ROTATED = "rotated", "Sealed under another key"
        FORGOTTEN = "forgotten"
        REFUSED = "refused", "Refused by the venue"

    owner = models.CharField(max_length=120)
    action = models.CharField(max_length=10, choices=Action)
    actor = models.CharField(max_length=150, blank=True, help_text="Who did it.")
    purpose = models.CharField(max_length=200, blank=True, help_text="What it was used for.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["owner", "-at"], name="credential_use")]

    def __str__(self) -> str:
        return f"{self.owner} {self.action} {self.at:%F %T}"
