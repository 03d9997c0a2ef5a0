"""Views over facts with composite keys, for the admin, which wants a key of one column.

The key is the public id. The views know nothing of the pair: an operator sees every revision.
"""

from __future__ import annotations

from django.db import models

from ledgers.numeric import ExactField


class Row(models.Model):
    """What every row of a view shows; the key is the fact's public id."""

    id = models.TextField(primary_key=True)
    event_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    known_at = models.DateTimeField()
    available_at = models.DateTimeField()
    observed_at = models.DateTimeField()
    run_id = models.BigIntegerField()
    parser = models.PositiveSmallIntegerField()
    revision = models.PositiveSmallIntegerField()
    withdrawn = models.BooleanField()
    source = models.CharField(max_length=40)
    asset = models.CharField(max_length=30)
    currency = models.CharField(max_length=30)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.id


class QuoteRow(Row):
    """A quote, for the admin."""

    quoted_at = models.DateTimeField()
    bid = ExactField(null=True)
    ask = ExactField(null=True)
    last = ExactField(null=True)

    class Meta:
        managed = False
        db_table = "glass_quote_row"
        verbose_name = "quote"


class CandleRow(Row):
    """A candle, for the admin."""

    interval = models.PositiveIntegerField(help_text="Seconds.")
    open = ExactField()
    high = ExactField()
    low = ExactField()
    close = ExactField()
    volume = ExactField()

    class Meta:
        managed = False
        db_table = "glass_candle_row"
        verbose_name = "candle"
