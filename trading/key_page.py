"""The page on which the owner of an account enters the key with which it trades."""

from __future__ import annotations

from ledgers.exchange.key_page import KeyKind
from trading import keys

TRADING = KeyKind(
    title="Trading key of",
    advice=(
        "Make a full-access key at coinspot.com.au/my/api, another than the read-only one, which "
        "stays and is needed too. It is tried once, encrypted, and never shown again. It trades "
        "only while this installation and the account's live switch allow it."
    ),
    warning=(
        "Do not enter a key that can withdraw. CoinSpot does not tell us which keys can, so you "
        "have to see to it: bind the key to the address of this machine in CoinSpot's settings."
    ),
    kept="The trading key is kept, encrypted. Orders use it once the live switch is on.",
    works="The key works, and it may trade.",
    stores="trading-key",
    forgets="trading-key-removal",
    owner_of=keys.owner_of,
    set_key=keys.set_key,
    test_key=keys.test_key,
    remove_key=keys.remove_key,
)
