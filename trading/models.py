"""What trading keeps: nothing yet but a page's view of an account; a report is made when read."""

from __future__ import annotations

from ledgers.exchange.models import Account


class AccountPnl(Account):
    """An account, for the admin's page about its profit and loss."""

    class Meta:
        proxy = True
        ordering = ["user_id", "name"]
        verbose_name = "profit and loss"
        verbose_name_plural = "profit and loss"
