"""Tell by its columns which exchange wrote a CSV."""

from __future__ import annotations

from collections.abc import Sequence

SIGNATURES: dict[str, frozenset[str]] = {
    "CoinSpot": frozenset({"transaction date", "market", "rate inc. fee"}),
    "CoinSpot (sends and receives)": frozenset({"transaction date", "coin", "status", "txid"}),
    "the omc format": frozenset({"base", "quote", "fee_asset", "venue_id"}),
    "Kraken (trades)": frozenset({"txid", "ordertxid", "pair"}),
    "Kraken (ledgers)": frozenset({"txid", "refid", "aclass"}),
    "Binance": frozenset({"date(utc)", "pair", "executed"}),
    "Binance (transactions)": frozenset({"utc_time", "account", "operation", "coin"}),
    "Coinbase": frozenset({"timestamp", "transaction type", "asset", "quantity transacted"}),
    "Coinbase Pro": frozenset({"portfolio", "trade id", "product", "side"}),
    "Bitstamp": frozenset({"type", "datetime", "account", "sub type"}),
    "Swyftx": frozenset({"event", "transaction id", "asset", "swap rate"}),
    "BTC Markets": frozenset({"transactionid", "creationtime", "recordtype"}),
    "CoinJar": frozenset({"transaction id", "base amount", "quote amount"}),
    "KuCoin": frozenset({"order id", "symbol", "filled amount"}),
    "Crypto.com": frozenset({"timestamp (utc)", "transaction description", "native currency"}),
}


def exchange_of(cells: Sequence[str], *, expected: Sequence[str]) -> str | None:
    """Return whose export has such a header, or None; the expected format is not named."""
    found = {" ".join(cell.split()).casefold() for cell in cells}
    wanted = {column.casefold() for column in expected}
    for exchange, signature in SIGNATURES.items():
        if signature <= found and not signature <= wanted:
            return exchange
    return None
