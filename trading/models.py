"""What trading keeps: limits, the kill switch, orders as they were wanted, and the audit trail.

What a venue said about an order is a fact of the Exchange ledger; here is what *we* wanted, why it
was let through or not, and what was done about it.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models

from ledgers.exchange.models import Account, Order, Side
from ledgers.numeric import ExactField
from trading.book_models import (
    BookAsked,
    BookChange,
    BookDisposal,
    BookFee,
    BookFlow,
    BookHead,
    BookLot,
    BookParcel,
    BookPosition,
)
from trading.core.ordering import State

__all__ = [
    "AccountPnl",
    "AuditEntry",
    "BookAsked",
    "BookChange",
    "BookDisposal",
    "BookFee",
    "BookFlow",
    "BookHead",
    "BookLot",
    "BookParcel",
    "BookPosition",
    "KillSwitch",
    "LiveSwitch",
    "OrderIntent",
    "RiskLimits",
]

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]
POSITIVE = [MinValueValidator(Decimal("0.00000001"))]


class AccountPnl(Account):
    """An account, for the admin's page about its profit and loss."""

    class Meta:
        proxy = True
        ordering = ["user_id", "name"]
        verbose_name = "profit and loss"
        verbose_name_plural = "profit and loss"


class RiskLimits(models.Model):
    """How far the orders of one account may go; an account without a row has these defaults.

    Money in the account's currency, shares as fractions of one.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="+")
    max_order = ExactField(default=Decimal(500), validators=POSITIVE)
    max_position = ExactField(default=Decimal(2000), validators=POSITIVE)
    max_open_positions = models.PositiveSmallIntegerField(default=5)
    max_daily_loss = ExactField(default=Decimal(200), validators=POSITIVE)
    collar = ExactField(
        default=Decimal("0.05"),
        validators=NOT_NEGATIVE,
        help_text="How far beyond the market a limit may lie; 0.05 is 5 %.",
    )
    cooldown = models.DurationField(default=timedelta(seconds=30))
    orders_a_minute = models.PositiveSmallIntegerField(default=6)
    stop_loss = ExactField(null=True, blank=True, validators=POSITIVE)
    take_profit = ExactField(null=True, blank=True, validators=POSITIVE)

    class Meta:
        verbose_name = verbose_name_plural = "risk limits"

    def __str__(self) -> str:
        return f"Limits of {self.account}"


class KillSwitch(models.Model):
    """Whether orders are stopped, everywhere or for one account. No row: released."""

    EVERYTHING = "everything"

    scope = models.CharField(max_length=40, primary_key=True, help_text="everything, account:3")
    is_engaged = models.BooleanField(default=False)
    reason = models.TextField()
    actor = models.CharField(max_length=150)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "kill switches"

    def __str__(self) -> str:
        return f"{self.scope}: {'engaged' if self.is_engaged else 'released'}"


class LiveSwitch(models.Model):
    """That the owner of an account allowed it, by a typed confirmation, to trade real money."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="+")
    is_on = models.BooleanField(default=False)
    changed_at = models.DateTimeField()
    actor = models.CharField(max_length=150)

    class Meta:
        verbose_name_plural = "live switches"

    def __str__(self) -> str:
        return f"{self.account}: {'live' if self.is_on else 'paper only'}"


class OrderIntent(models.Model):
    """An order that somebody wants, from the wish to its end. `client_id` makes it one order.

    `reserved` of the given asset stays set aside while the order may still take it, less what its
    executions have `consumed`.
    """

    class Mode(models.TextChoices):
        PAPER = "paper"
        LIVE = "live"

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    client_id = models.CharField(max_length=64)
    mode = models.CharField(max_length=5, choices=Mode)
    side = models.CharField(max_length=4, choices=Side)
    kind = models.CharField(max_length=10, choices=Order.Kind)
    base = models.CharField(max_length=30)
    quote = models.CharField(max_length=30)
    quantity = ExactField(help_text="Units of base.")
    limit = ExactField(null=True, help_text="In quote for one base; null: market.")
    state = models.CharField(max_length=15, choices=[(one.value, one.value) for one in State])
    code = models.CharField(max_length=30, blank=True, help_text="Why it was denied or ended.")
    reason = models.TextField(blank=True)
    venue_order_id = models.CharField(max_length=100, blank=True)
    reserved_asset = models.CharField(max_length=30, blank=True)
    reserved = ExactField(default=Decimal(0))
    consumed = ExactField(default=Decimal(0))
    filled = ExactField(default=Decimal(0), help_text="Units of base.")
    wants_cancel = models.BooleanField(default=False)
    actor = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True, help_text="Quotes up to here were tried.")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "client_id"], name="intent_client_id")
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="intent_of_account"),
            models.Index(fields=["state"], name="intent_state"),
        ]
        verbose_name = "order intent"

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.base}/{self.quote} ({self.state})"


class AuditEntry(models.Model):
    """One thing that was decided or done, chained to the one before by its hash. Never changed.

    A chain is an account's or that of everything; `digest` is SHA-256 over the digest before and
    all of this row's fields. See `trading.auditing`.
    """

    class Kind(models.TextChoices):
        DECISION = "decision", "Guard's decision"
        MOVE = "move", "Order moved"
        KILL_SWITCH = "kill_switch"
        LIVE_SWITCH = "live_switch"
        LIMITS = "limits"
        READING = "reading", "Read by another"

    chain = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind)
    actor = models.CharField(max_length=150)
    intent = models.ForeignKey(OrderIntent, models.PROTECT, null=True, related_name="+")
    text = models.TextField(help_text="One JSON object, keys sorted.")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="audit_chain")]
        verbose_name_plural = "audit trail"

    def __str__(self) -> str:
        return f"{self.chain} #{self.number} {self.kind}"
