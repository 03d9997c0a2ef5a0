"""Whether an account may trade real money: three things must agree, and are asked each time."""

from __future__ import annotations

from django.conf import settings

from trading.keys import has_key
from trading.models import LiveSwitch


def may_trade(account_id: int) -> bool:
    """Tell whether OMC_LIVE_TRADING, a stored trading key and the account's switch all say yes."""
    if not settings.OMC_LIVE_TRADING:
        return False
    return LiveSwitch.objects.filter(pk=account_id, is_on=True).exists() and has_key(account_id)
