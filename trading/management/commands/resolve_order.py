"""manage.py resolve_order: say what became of an order that nothing at the venue proves."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from trading.models import OrderIntent
from trading.orders import NotUnknownError, resolve


class Command(BaseCommand):
    """Take the word of a person who has looked at the venue; it stays in the audit trail.

    The order must have ended there. Its executions are counted as they are stored.
    """

    help = "Say which order at the venue an unknown order was, or that it never got there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the order and what it was."""
        parser.add_argument("order", type=int, help="its number here")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--venue-order", default="", help="the id of the ended order there")
        what.add_argument("--absent", action="store_true", help="it never got there")
        parser.add_argument("--reason", required=True, help="how you know")

    def handle(self, *args: Any, **options: Any) -> None:
        """End the order."""
        if not options["reason"].strip():
            raise CommandError("Say how you know; the reason is kept for ever.")
        try:
            ended = resolve(
                options["order"],
                venue_order_id=options["venue_order"],
                actor=f"manage.py resolve_order ({getpass.getuser()})",
                reason=options["reason"],
                now=timezone.now(),
            )
        except OrderIntent.DoesNotExist:
            raise CommandError(f"There is no order {options['order']}.") from None
        except NotUnknownError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Order {ended.pk} is {ended.state}.")
