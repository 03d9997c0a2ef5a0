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
listing GALA Gala (GALA) makes its debut on CoinSpot
listing PENDLE Pendle (PENDLE) trading begins today
listing JTO Say hello to Jito (JTO)
listing - This week's listings
listing - Fresh coins have dropped
listing AEVO Aevo (AEVO) goes live
listing ZK zkSync (ZK) can now be bought, sold and swapped
listing ETHFI Now on CoinSpot: ether.fi (ETHFI)
listing BTC,USDT New BTC/USDT market open
listing NOT Notcoin (NOT) has landed
listing TAO Start trading Bittensor (TAO)
listing RUNE THORChain (RUNE) - open for trading
delisting WAVES Waves (WAVES) - end of support
delisting XEM NEM (XEM) to be removed from the platform
delisting OMG Closure of OMG Network (OMG) market
delisting - Upcoming coin removals
delisting REN Ren (REN) trading to cease 30 June
delisting LOOM We will stop supporting Loom (LOOM)
delisting MULTI Final notice: Multichain (MULTI)
delisting BSV Trading of Bitcoin SV (BSV) ends Friday
maintenance SOL Solana (SOL) network congestion
maintenance ADA Cardano (ADA) deposits on hold
maintenance - Planned downtime this Sunday
maintenance - Bank transfers are experiencing delays
maintenance - All systems operational again
maintenance BTC Bitcoin (BTC) withdrawals are slower than usual
maintenance ATOM Cosmos (ATOM) sends and receives have resumed
maintenance - App login problems fixed
maintenance DOT Polkadot (DOT) wallet is back
fork LUNA Terra (LUNA) airdrop distribution completed
fork EOS EOS (EOS) becomes Vaulta
fork FTM Fantom (FTM) to Sonic migration
fork BCH Bitcoin Cash (BCH) network split
fork XRP Flare airdrop for XRP (XRP) holders
fork MKR Maker (MKR) converts to SKY
fork TEL Telcoin (TEL) contract swap complete
staking ETH Ethereum (ETH) staking now open
staking DOT Changes to Polkadot (DOT) staking rewards
staking - New Earn rates
staking SOL Earn rewards on Solana (SOL)
staking - Staking: unbonding periods
announcement - Our new mobile app
announcement - Scam warning: fake CoinSpot texts
announcement - EOFY tax reports are ready
announcement - Changes to our fees
announcement - Holiday support hours
announcement BTC Bitcoin (BTC) halving explained
announcement - Verify your email
announcement - Refer a friend
announcement - The year that was
announcement ETH What the Ethereum (ETH) merge meant for you: a guide
"""

_FRESH = """
listing LDO Lido (LDO) listing complete
listing FET New to CoinSpot: Fetch.ai (FET)
listing KAVA Kava (KAVA) trading opens Monday
listing AXL We have listed Axelar (AXL)
listing ID Space ID (ID) is joining CoinSpot
listing ROSE Coming up: Oasis (ROSE)
listing - Five more tokens to explore
listing CFX Conflux (CFX) launches
listing - Newly listed assets for October
delisting AMP Amp (AMP) will be delisted
delisting CELR We are retiring Celer (CELR)
delisting RLC iExec (RLC) removal reminder
delisting KEY SelfKey (KEY) no longer available to trade
delisting OAX End of trading for OAX (OAX)
delisting - List of assets being removed
maintenance TON Toncoin (TON) wallet maintenance complete
maintenance - Deposits by bank transfer delayed
maintenance ICP Internet Computer (ICP) transactions pending
maintenance - Website outage resolved
maintenance XMR Monero (XMR) sends disabled until further notice
maintenance - Emergency maintenance window
fork STRAX Stratis (STRAX) token swap
fork DASH Dash (DASH) network upgrade
fork GLMR Airdrop for Glimmer (GLMR) holders
fork VET VeChain (VET) hard fork on 1 July
fork NEM Symbol snapshot for NEM (NEM) holders
staking KSM New staking option: Kusama (KSM)
staking MINA Mina (MINA) staking rewards paid
staking - Changes to staking terms
staking ETH Unstaking Ethereum (ETH)
announcement - Security tips for the holidays
announcement - CoinSpot named best exchange
announcement - New referral rewards
announcement - Tax time is here
announcement - New payment method available
announcement - A refreshed dashboard
"""


def _labelled(line: str) -> Labelled:
    kind, symbols, title = line.split(" ", 2)
    return Labelled(kind, sorted(symbols.split(",")) if symbols != "-" else [], title)


TITLES = [_labelled(line) for line in _LINES.strip().splitlines()]
FRESH = [_labelled(line) for line in _FRESH.strip().splitlines()]
"""Written after the rules were: no rule is to be made for one of them."""
