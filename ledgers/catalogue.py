"""The assets that OMC knows from the start: symbol, name, and what else they are called.

Aliases in upper case are symbols that some source uses for the same thing (Kraken's XBT, CoinSpot's
ANS and STR); the others are names in running text. `ledgers.assets` says which names and symbols
are also ordinary words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """One asset of the catalogue."""

    symbol: str
    name: str
    aliases: tuple[str, ...] = ()
    is_fiat: bool = False


CATALOGUE = (
    Known("BTC", "Bitcoin", ("XBT", "XXBT")),
    Known("ETH", "Ethereum", ("XETH", "ether")),
    Known("SOL", "Solana"),
    Known("XRP", "XRP", ("XXRP", "Ripple")),
    Known("ADA", "Cardano"),
    Known("DOGE", "Dogecoin", ("XDG", "XXDG")),
    Known("LTC", "Litecoin", ("XLTC",)),
    Known("LINK", "Chainlink"),
    Known("DOT", "Polkadot"),
    Known("AVAX", "Avalanche"),
    Known("UNI", "Uniswap"),
    Known("AAVE", "Aave"),
    Known("POL", "Polygon", ("MATIC",)),
    Known("BNB", "BNB", ("binance coin",)),
    Known("USDT", "Tether", ("USD₮",)),
    Known("USDC", "USD Coin", ()),
    Known("DAI", "Dai"),
    Known("BCH", "Bitcoin Cash"),
    Known("NEO", "Neo", ("ANS",)),
    Known("XLM", "Stellar", ("STR", "XXLM", "stellar lumens")),
    Known("POWR", "Power Ledger", ("powerledger",)),
    Known("TRX", "Tron"),
    Known("EOS", "EOS", ("vaulta",)),
    Known("GAS", "NeoGas"),
    Known("RFOX", "RedFOX Labs"),
    Known("SHIB", "Shiba Inu"),
    Known("PEPE", "Pepe"),
    Known("TON", "Toncoin"),
    Known("SUI", "Sui"),
    Known("APT", "Aptos"),
    Known("ARB", "Arbitrum"),
    Known("OP", "Optimism"),
    Known("NEAR", "NEAR Protocol"),
    Known("ATOM", "Cosmos"),
    Known("ALGO", "Algorand"),
    Known("XMR", "Monero", ("XXMR",)),
    Known("ZEC", "Zcash", ("XZEC",)),
    Known("ETC", "Ethereum Classic", ("XETC",)),
    Known("FIL", "Filecoin"),
    Known("HYPE", "Hyperliquid"),
    Known("MKR", "Maker"),
    Known("CRV", "Curve"),
    Known("LDO", "Lido"),
    Known("COMP", "Compound"),
    Known("SOLO", "Sologenic"),
    Known("BSV", "Bitcoin SV"),
    Known("WBTC", "Wrapped Bitcoin"),
    Known("HBAR", "Hedera"),
    Known("INJ", "Injective"),
    Known("XTZ", "Tezos"),
    Known("ONE", "Harmony"),
    Known("EPS", "Ellipsis"),
    Known("AUD", "Australian dollar", ("ZAUD",), is_fiat=True),
    Known("USD", "US dollar", ("ZUSD",), is_fiat=True),
    Known("EUR", "Euro", ("ZEUR",), is_fiat=True),
    Known("GBP", "British pound", ("ZGBP",), is_fiat=True),
    Known("NZD", "New Zealand dollar", ("ZNZD",), is_fiat=True),
)
