"""What is kept of the books: a projection over the facts, rebuilt from them, no fact itself.

Positions, lots and parcels are kept in versions by day (UTC): a version counts from the end of its
day `since` until the end of the day before `until`; null: it is the newest. So the books of any
past day can be read, and rewound to, without booking again. The journals are of single entries.

Everything of one user is changed under the lock of their `BookHead`, see `trading.keeping`.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from ledgers.exchange.models import Account
from ledgers.numeric import ExactField


class BookHead(models.Model):
    """How far the books of one user go, and which reads may use them.

    They hold every fact known at `horizon`. Of those facts `available_at` and `known_at` are the
    largest; bookings that asked for prices also need a read's cuts to lie after `priced_at`.
    `config` is what else the books depend on. No foreign key, so that a user without facts can go.
    """

    user_id = models.BigIntegerField(primary_key=True)
    version = models.BigIntegerField(default=0)
    config = models.TextField(blank=True)
    horizon = models.DateTimeField(null=True)
    available_at = models.DateTimeField(null=True)
    known_at = models.DateTimeField(null=True)
    priced_at = models.DateTimeField(null=True, help_text="Null: no booking asked for a price.")
    last_at = models.DateTimeField(null=True, help_text="Of the last entry.")
    last_own_at = models.DateTimeField(null=True, help_text="Of the last own transfer.")
    names = models.JSONField(default=dict, help_text="account:venue_id of halves, their names.")

    def __str__(self) -> str:
        return f"Books of user {self.user_id} up to {self.last_at}"


class BookChange(models.Model):
    """That facts changed since the books were made: noted in the transaction that stores them.

    No account: prices changed, of events from `since` on.
    """

    account_id = models.BigIntegerField(null=True)
    is_transfer = models.BooleanField(default=False)
    since = models.DateTimeField(help_text="The earliest event that changed.")
    noted_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["account_id", "noted_at"], name="book_change")]

    def __str__(self) -> str:
        return f"account {self.account_id} since {self.since}"


class Kept(models.Model):
    """A row of the books of one account."""

    account = models.ForeignKey(
        Account, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        abstract = True


class BookPosition(Kept):
    """What is held of one asset and what its entries came to, at the end of a day.

    Of the account's own currency, cash. `fills` and `transfers` count each entry at one asset.
    """

    pk = models.CompositePrimaryKey("account_id", "asset", "since")
    asset = models.CharField(max_length=30)
    since = models.DateField()
    until = models.DateField(null=True)
    quantity = ExactField()
    cost = ExactField()
    realized = ExactField()
    realized_unmatched = ExactField()
    income = ExactField()
    fees = ExactField(help_text="Outside the basis.")
    flows = ExactField()
    unmatched = ExactField()
    unpriced = models.BooleanField()
    first_at = models.DateTimeField(help_text="Of the first entry that moved it.")
    fills = models.PositiveIntegerField()
    transfers = models.PositiveIntegerField()
    fees_in_basis = ExactField()
    implied_flows = ExactField()

    class Meta:
        indexes = [
            models.Index(
                fields=["account"], name="book_position_now", condition=models.Q(until=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.asset}"


class BookLot(Kept):
    """One acquisition, and the `rest` that was left of it at the end of a day.

    Lots are sold in the order of `rank`. The whole rest of an average pool is told at the oldest.
    """

    pk = models.CompositePrimaryKey("account_id", "serial", "since")
    serial = models.PositiveIntegerField()
    since = models.DateField()
    until = models.DateField(null=True)
    asset = models.CharField(max_length=30)
    at = models.DateTimeField()
    key = models.TextField()
    quantity = ExactField()
    cost = ExactField()
    rest = ExactField()
    rest_cost = ExactField()
    is_open = models.BooleanField(help_text="Whether anything is left of it.")
    rank = ArrayField(ExactField())

    class Meta:
        indexes = [
            models.Index(
                fields=["account", "asset", "rank"],
                name="book_lot_next",
                condition=models.Q(until=None, is_open=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rest} of {self.quantity} {self.asset}"


class BookDisposal(Kept):
    """A piece of a lot that left for `proceeds`; without a lot its basis is unknown."""

    at = models.DateTimeField()
    key = models.TextField()
    asset = models.CharField(max_length=30)
    lot = models.PositiveIntegerField(null=True, help_text="Its serial.")
    quantity = ExactField()
    cost = ExactField()
    proceeds = ExactField()
    is_fee = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["account", "at"], name="book_disposal")]

    def __str__(self) -> str:
        return f"{self.quantity} {self.asset} for {self.proceeds}"


class BookFee(Kept):
    """A fee in its own asset, and what it was worth."""

    at = models.DateTimeField()
    key = models.TextField()
    asset = models.CharField(max_length=30)
    quantity = ExactField()
    value = ExactField()
    in_basis = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["account", "at"], name="book_fee")]

    def __str__(self) -> str:
        return f"{self.quantity} {self.asset}"


class BookFlow(Kept):
    """What came in (positive) or went out, in kind at the cost of its lots."""

    at = models.DateTimeField()
    key = models.TextField()
    kind = models.CharField(max_length=12)
    asset = models.CharField(max_length=30)
    quantity = ExactField()
    value = ExactField()
    is_implied = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["account", "at"], name="book_flow")]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity} {self.asset}"


class BookParcel(models.Model):
    """Lots under way between two accounts of one user, at the end of a day."""

    pk = models.CompositePrimaryKey("user_id", "match", "asset", "since")
    user_id = models.BigIntegerField()
    match = models.TextField()
    asset = models.CharField(max_length=30)
    since = models.DateField()
    until = models.DateField(null=True)
    currency = models.CharField(max_length=10)
    lots = models.JSONField(help_text="Of each: at, key, serial, quantity, cost.")

    def __str__(self) -> str:
        return f"{self.asset} of {self.match}"


class BookAsked(models.Model):
    """A price that a booking asked for, and the stored price that it got; null: there was none."""

    pk = models.CompositePrimaryKey("user_id", "moment", "asset", "currency")
    user_id = models.BigIntegerField()
    moment = models.DateTimeField()
    asset = models.CharField(max_length=30)
    currency = models.CharField(max_length=30)
    price = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.asset}/{self.currency} at {self.moment}"
