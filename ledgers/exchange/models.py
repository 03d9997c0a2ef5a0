"""Exchange: what a venue said about a user's orders, fills, transfers and balances."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from ledgers.exchange import records
from ledgers.exchange.querysets import OwnedQuerySet
from ledgers.models import Fact, Ledger
from ledgers.numeric import ExactField


class Account(models.Model):
    """A user's account at a venue, and how its gains are counted. Configuration, no fact."""

    class Method(models.TextChoices):
        FIFO = "fifo", "First in, first out"
        LIFO = "lifo", "Last in, first out"
        HIFO = "hifo", "Highest cost first"
        LOFO = "lofo", "Lowest cost first"
        AVERAGE = "average", "Average cost"

    class Fees(models.TextChoices):
        BASIS = "basis", "In the cost basis"
        SEPARATE = "separate", "Counted apart"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    venue = models.CharField(max_length=40)
    base_currency = models.CharField(max_length=10, default="AUD")
    method = models.CharField(max_length=10, choices=Method, default=Method.FIFO)
    fees = models.CharField(max_length=10, choices=Fees, default=Fees.BASIS)

    class Meta:
        ordering = ["user_id", "name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="account_name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.venue}, {self.base_currency})"


class Side(models.TextChoices):
    """Which way an order or a fill goes, seen from the base asset."""

    BUY = "buy"
    SELL = "sell"


class Owned(Fact):
    """A fact of one account."""

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    ledger = Ledger.EXCHANGE
    objects = OwnedQuerySet.as_manager()  # type: ignore[misc]  # the plugin's view of managers

    class Meta:
        abstract = True


class Order(Owned):
    """An order as the venue last told it; every change of it is a revision."""

    class Kind(models.TextChoices):
        MARKET = "market"
        LIMIT = "limit"

    class Status(models.TextChoices):
        OPEN = "open"
        PARTIAL = "partial", "Partly filled"
        FILLED = "filled"
        CANCELLED = "cancelled"
        REJECTED = "rejected"

    order_id = models.CharField(max_length=100)
    side = models.CharField(max_length=4, choices=Side)
    kind = models.CharField(max_length=10, choices=Kind)
    base = models.CharField(max_length=30)
    quote = models.CharField(max_length=30)
    quantity = ExactField(help_text="Units of base.")
    price = ExactField(null=True, help_text="Limit, in quote for one base; null: market.")
    filled = ExactField(help_text="Units of base.")
    status = models.CharField(max_length=10, choices=Status)

    identity = ("account_id", "order_id")
    compared = ("side", "kind", "base", "quote", "quantity", "price", "filled", "status")
    record = records.OrderRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "order_id", "revision"], name="order_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.base}/{self.quote} ({self.status})"


class Fill(Owned):
    """One execution. `venue_id` is its identity; where a venue gives none, a content key is."""

    venue_id = models.CharField(max_length=100)
    order_id = models.CharField(max_length=100, blank=True)
    side = models.CharField(max_length=4, choices=Side)
    base = models.CharField(max_length=30)
    quote = models.CharField(max_length=30)
    quantity = ExactField(help_text="Units of base.")
    price = ExactField(help_text="In quote for one base, without the fee.")
    fee = ExactField(help_text="In fee_asset.")
    fee_asset = models.CharField(max_length=30, blank=True)
    value = ExactField(null=True, help_text="In the account's currency, if the venue tells.")

    identity = ("account_id", "venue_id")
    compared = (
        "order_id",
        "side",
        "base",
        "quote",
        "quantity",
        "price",
        "fee",
        "fee_asset",
        "value",
    )
    record = records.FillRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "venue_id", "revision"], name="fill_identity"
            )
        ]
        indexes = [models.Index(fields=["account", "event_at", "venue_id"], name="fill_in_time")]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.base} at {self.price} {self.quote}"


class Transfer(Owned):
    """Something that came in or went out without a trade."""

    class Kind(models.TextChoices):
        DEPOSIT = "deposit"
        WITHDRAWAL = "withdrawal"
        INCOME = "income", "Income (staking, airdrop, interest)"
        TRANSFER_IN = "transfer_in", "From an own account"
        TRANSFER_OUT = "transfer_out", "To an own account"

    venue_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=Kind)
    asset = models.CharField(max_length=30)
    quantity = ExactField()
    fee = ExactField(help_text="In fee_asset.")
    fee_asset = models.CharField(max_length=30, blank=True)
    value = ExactField(null=True, help_text="In the account's currency, if the venue tells.")
    match = models.CharField(max_length=100, blank=True, help_text="What the other half is called.")

    identity = ("account_id", "venue_id")
    compared = ("kind", "asset", "quantity", "fee", "fee_asset", "value", "match")
    record = records.TransferRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "venue_id", "revision"], name="transfer_identity"
            )
        ]
        indexes = [models.Index(fields=["account", "event_at"], name="transfer_in_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity} {self.asset}"


class Balance(Owned):
    """How much of one asset a venue says an account holds at one moment."""

    asset = models.CharField(max_length=30)
    quantity = ExactField()

    identity = ("account_id", "asset", "event_at")
    compared = ("quantity",)
    record = records.BalanceRecord

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "asset", "event_at", "revision"], name="balance_identity"
            )
        ]
        indexes = [models.Index(fields=["account", "event_at"], name="balance_in_time")]

    def __str__(self) -> str:
        return f"{self.quantity} {self.asset} at {self.event_at:%F %T}"
