"""Titles in the manner of an exchange's notices, written for the tests, with what they announce.

A line is kind, symbols and title. None is a real notice.
"""

from __future__ import annotations

from typing import NamedTuple


class Labelled(NamedTuple):
    """What a person reads in a title."""

    kind: str
    assets: list[str]
    title: str


_LINES = """
listing HYPE New Coin Listing: Hyperliquid (HYPE)
listing SUI New listing - Sui (SUI)
listing ZZQ,ZZR New coin listings: Zazaqoin (ZZQ) and Zazarin (ZZR)
listing TIA Celestia (TIA) is now available on CoinSpot
listing WIF dogwifhat (WIF) has been added to CoinSpot
listing PYTH Listing of Pyth Network (PYTH)
listing JUP Jupiter (JUP) now listed
listing STRK Introducing Starknet (STRK)
listing ENA Welcome Ethena (ENA)
listing SOL Solana (SOL) has a new trading pair
listing LINK Chainlink (LINK) lands on our order book
listing SEI Sei (SEI) is live on CoinSpot
listing ONDO Ondo (ONDO) is here
listing KAS Buy, sell and swap Kaspa (KAS) now on CoinSpot: new coin
listing W Wormhole (W) listing now live
listing STETH New Coin Listing: Lido Staked Ether (STETH)
listing RNDR Relisting of Render (RNDR)
listing LUNC Terra Classic (LUNC) is relisted
listing - New coins added this week
listing - Ten new coins available to trade
listing MOVE Coming to CoinSpot: Movement (MOVE)
listing ARB Trade Arbitrum (ARB) on CoinSpot
listing USDC New market: USD Coin (USDC/AUD)
listing CGX New token listing: Forkast (CGX)
listing 1INCH New coin listing: 1inch (1INCH)
listing PEPE Pepe (PEPE) Now Available
listing ORDI New Crypto Asset: ORDI (ORDI)
listing GRT You can now buy The Graph (GRT) on CoinSpot
listing BLUR Blur (BLUR) joins the CoinSpot family
listing IMX Immutable (IMX) trading is open
listing XTZ,KSM CoinSpot adds Tezos (XTZ) and Kusama (KSM)
listing - CoinSpot lists 20 new coins
listing FLOKI Floki (FLOKI) order book market launched
listing AKT Akash Network (AKT) Listing
listing RAY Raydium (RAY) - New Listing Announcement
listing CORE New Coins: Core (CORE)
listing MNT Mantle (MNT) is now on CoinSpot
listing INJ Market order trading for Injective (INJ)
listing BONK Bonk (BONK) listed today
listing ARKM CoinSpot welcomes Arkham (ARKM)
listing AGLD Now trading: Adventure Gold (AGLD)
delisting XYZ Delisting of XYZ (XYZ)
delisting ZZQ Delisting of Zazaqoin (ZZQ)
delisting GAS Gas (GAS) leaves CoinSpot
delisting POL Polygon (MATIC) migration to POL & delisting of MATIC
delisting XMR Monero (XMR) will be delisted
delisting BTT,WIN Upcoming delistings: BitTorrent (BTT) and WINkLink (WIN)
delisting - Coin delistings - March
delisting REP Removal of Augur (REP) from CoinSpot
delisting POWR We are removing support for Power Ledger (POWR)
delisting EOS EOS will no longer be supported
delisting OMG OMG Network (OMG): trading ends on 4 May
delisting BSV Notice: end of support for Bitcoin SV (BSV)
delisting ZEC De-listing notice - Zcash (ZEC)
delisting FTT FTX Token (FTT) to be removed from CoinSpot
delisting RFOX RedFOX Labs (RFOX) discontinued: what holders should do
delisting WAVES Waves (WAVES) delist date and withdrawals
delisting LUNA Final reminder: delisting of Terra (LUNA), withdraw before Friday
delisting TUSD Ceasing trading of TrueUSD (TUSD)
delisting MKR Maker (MKR) is no longer available after its rebrand
delisting XVG Discontinuing Verge (XVG)
delisting HT Huobi Token (HT) Delisting Notice
delisting SNX Synthetix (SNX) trading will be disabled permanently
delisting ICX ICON (ICX) Support Ending
delisting BTG Action required: withdraw your Bitcoin Gold (BTG)
delisting NMR Coin removal: Numeraire (NMR)
delisting DGB DigiByte (DGB) will be removed
delisting - Delisting of 12 coins on 30 June 2026
delisting SRM Serum (SRM) wind down
delisting BUSD Binance USD (BUSD) - End of Support
delisting CEL Celsius (CEL): last day to trade
delisting PAX Paxos (PAX) delistment
delisting STMX,KEY StormX (STMX) and SelfKey (KEY) to be delisted
delisting WAXP WAX (WAXP) conversion to AUD before removal
maintenance SOL Scheduled maintenance - Solana (SOL) sends and receives
maintenance ETH Ethereum deposits pause for an upgrade
maintenance XRP XRP withdrawals pause for maintenance
maintenance BTC Bitcoin (BTC) sends delayed due to network congestion
maintenance ADA Cardano (ADA) wallet offline
maintenance ATOM Cosmos (ATOM) deposits resumed
maintenance ETH Ethereum (ETH) withdrawals are now available again: service restored
maintenance - Scheduled platform maintenance this Sunday
maintenance - PayID deposits temporarily unavailable
maintenance - Intermittent issues with card payments
maintenance - Outage resolved: website and app
maintenance NEAR NEAR Protocol (NEAR) sends suspended
maintenance TRX Tron (TRX) network halted
maintenance AVAX Avalanche (AVAX) is back online
maintenance ALGO Maintenance completed: Algorand (ALGO)
maintenance DOT Polkadot staking paused for maintenance
maintenance TRX,USDT USDT on the Tron network: receives re-enabled
maintenance LTC Degraded performance of Litecoin (LTC) sends
maintenance - POLi deposits suspended from 1 July
maintenance APT Aptos (APT) network incident
maintenance LUNA Trading of Terra (LUNA) suspended
maintenance - Bank transfers delayed over the holiday
maintenance VET VeChain (VET) Network Maintenance
maintenance XLM Stellar (XLM) sends/receives currently unavailable
maintenance - Website Maintenance Notice
maintenance - NPP/PayID outage
maintenance FTM Fantom (FTM) wallet under maintenance
maintenance HBAR Hedera (HBAR) sends and receives disabled
maintenance KSM Kusama (KSM) node issues
maintenance EGLD MultiversX (EGLD) withdrawals enabled again
maintenance - Trading system upgrade
maintenance BCH BCH sends and receives are under maintenance
maintenance SOL Solana network outage
maintenance CRO Cronos (CRO) receives now enabled
maintenance - Planned outage of deposits
maintenance ROSE Oasis (ROSE): upgrade in progress, sends on hold
maintenance - Emergency maintenance complete
fork LTC Litecoin network upgrade: what holders should know
fork BCH Bitcoin Cash (BCH) hard fork on 15 November
fork FLR Flare (FLR) airdrop for XRP holders
fork XRP Flare airdrop: snapshot of XRP balances
fork POL Matic (MATIC) token migration to POL
fork MKR,SKY Maker (MKR) rebrand to Sky (SKY)
fork AGIX,FET,OCEAN Token merger: Fetch.ai (FET), Ocean (OCEAN) and SingularityNET (AGIX)
fork ETHW Ethereum proof of work fork (ETHW): our approach
fork LUNA Terra (LUNA) air drop distribution
fork RVN Contract swap for Ravencoin (RVN)
fork ADA Cardano (ADA) hard fork: sends and receives paused
fork BTC Bitcoin halving: what to expect
fork EOS EOS rebranding to Vaulta
fork XEC Redenomination of eCash (XEC)
fork ETH Support for the upcoming Ethereum network upgrade
fork KLAY,KAIA Klaytn (KLAY) migrates to Kaia (KAIA)
fork TON Toncoin (TON) token swap complete
fork ETC Ethereum Classic (ETC) Hard Fork Support
fork SGB Songbird (SGB) Airdrop Update
fork POL Polygon (MATIC) upgrade to POL
fork LEND Aave (LEND) to AAVE swap
fork VEN VeChain (VEN) Mainnet Token Swap
fork DOGE Dogecoin (DOGE) chain fork update
fork AGI SingularityNET (AGI) hard fork to AGIX
fork XEC Bitcoin Cash ABC (XEC) split
fork GALA Gala (GALA) v2 airdrop
fork RNDR Render (RNDR) is migrating to Solana
fork ETH Ethereum Merge: what you need to know
fork CVC Civic (CVC) token contract migration
staking ADA Cardano staking rewards change
staking SOL Staking now available for Solana (SOL)
staking ETH Ethereum (ETH) staking: new rates
staking DOT Unstaking period for Polkadot (DOT) becomes shorter
staking ATOM Earn rewards on Cosmos (ATOM)
staking - New APY for all supported coins
staking NEAR Stake NEAR Protocol (NEAR) and earn
staking AVAX Avalanche (AVAX) now available for staking
staking TRX Tron (TRX) validator change
staking - Changes to our staking terms
staking POL Polygon (POL) Staking Live
staking - Staking rewards update
staking KSM Kusama (KSM) Earn product launched
staking SUI Sui staking rate increase
staking MINA Mina (MINA) staking is live
staking - Higher rewards for stakers
staking ETH ETH withdrawals from staking
announcement - Newsletter: delistings, listings and what is next
announcement BTC Weekly market update: Bitcoin and friends
announcement - Monthly round-up: five new coins listed
announcement - Our listing policy has changed
announcement - How to claim an airdrop
announcement - How do I stake my coins?
announcement - New statement for the end of the tax year
announcement - We have a new office in Melbourne
announcement - Holiday hours of our support team
announcement - Beware of scams that use our name
announcement - Our app is now available in the Play store
announcement - Changes to our terms of use
announcement - Verification becomes easier (KYC)
announcement - Apple Pay is here
announcement - Guide: what is a hard fork?
announcement - Fee changes from 1 July
announcement - Security: turn on two-factor authentication (2FA)
announcement - We are hiring: join our listings team
announcement ZZQ Delisting of Zazaqoin (ZZQ) has been cancelled
announcement RFOX RedFOX Labs (RFOX) will not be delisted
announcement - A year in review
announcement - Tax time: reports for the ATO
announcement - New feature: price alerts
announcement - Welcome to the new CoinSpot
announcement ETH,SOL Podcast: why Ethereum and Solana matter
announcement - Deposit limits rise
announcement - CoinSpot Mastercard is here
announcement - Changes to referral program
announcement - Update to our Privacy Policy
announcement - CoinSpot wins award
announcement - Phishing alert
announcement - Introducing Bundles
announcement - Monthly newsletter June 2026: delisted coins
announcement - New deposit method: Osko
announcement BTC Bitcoin turns 17
announcement - Introducing our new OTC desk (OTC)
announcement - Scheduled Christmas hours
announcement - Important information about staking tax
announcement - CoinSpot adds live chat
announcement - CoinSpot turns ten
announcement - New cards
announcement - Updated fee schedule
announcement - Merry Christmas from CoinSpot
announcement - New listing fees
announcement BTC Bitcoin ETF: our view
announcement - Recurring buy is now live
announcement - Welcome bonus terms
"""


def _labelled(line: str) -> Labelled:
    kind, symbols, title = line.split(" ", 2)
    return Labelled(kind, sorted(symbols.split(",")) if symbols != "-" else [], title)


TITLES = [_labelled(line) for line in _LINES.strip().splitlines()]
