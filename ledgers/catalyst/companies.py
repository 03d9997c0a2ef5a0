"""The companies and funds around crypto whose filings we watch, with their SEC numbers."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Company:
    """A company that files with the SEC, and the asset that it holds for its owners, if a fund."""

    cik: int
    ticker: str = ""
    name: str = ""
    assets: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """Return the scope of the feed that reads this company's whole list."""
        return f"submissions/{self.cik:010d}"


WATCHED = (
    Company(1679788, "COIN", "Coinbase Global"),
    Company(1050446, "MSTR", "Strategy"),
    Company(1507605, "MARA", "MARA Holdings"),
    Company(1167419, "RIOT", "Riot Platforms"),
    Company(827876, "CLSK", "CleanSpark"),
    Company(1710350, "BTBT", "Bit Digital"),
    Company(1783879, "HOOD", "Robinhood Markets"),
    Company(1318605, "TSLA", "Tesla"),
    Company(1980994, "IBIT", "iShares Bitcoin Trust ETF", ("BTC",)),
    Company(1852317, "FBTC", "Fidelity Wise Origin Bitcoin Fund", ("BTC",)),
    Company(1869699, "ARKB", "ARK 21Shares Bitcoin ETF", ("BTC",)),
    Company(1588489, "GBTC", "Grayscale Bitcoin Trust", ("BTC",)),
)
"""Numbers and tickers as in https://www.sec.gov/files/company_tickers.json."""


def watched() -> dict[int, Company]:
    """Return the companies to watch by CIK: the operator's list (CIK or CIK=TICKER), else ours."""
    ours = {company.cik: company for company in WATCHED}
    own = [entry.partition("=") for entry in settings.OMC_SEC_WATCHLIST]
    named = [Company(int(cik), ticker) for cik, _, ticker in own]
    return {company.cik: ours.get(company.cik, company) for company in named} or ours


def companies_of(symbol: str) -> list[Company]:
    """Return the watched companies that a ticker names, or that hold an asset."""
    return [one for one in watched().values() if symbol == one.ticker or symbol in one.assets]
