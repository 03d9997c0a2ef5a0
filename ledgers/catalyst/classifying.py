"""What an exchange announces and how much it matters, told by the title: rules, no model.

An exchange's titles are short and formulaic, so ordered rules read them: the first that
matches decides. A newsletter comes before everything it may mention, a delisting before the fork
or the listing that it follows from, and what merely resumes before what is new.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ledgers.assets import symbol_of
from ledgers.catalyst.models import Event
from ledgers.mentions import ENOUGH, mentions

Kind, Impact = Event.Kind, Event.Impact

SURE = Decimal("0.95")
LIKELY = Decimal("0.75")
UNSURE = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a title announces; `confidence` is that of its weakest part, kind or assets."""

    kind: Event.Kind
    assets: list[str]
    impact: Event.Impact
    confidence: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """A kind for titles that match; `needs_asset` where the words alone also mean other things."""

    kind: Event.Kind
    pattern: re.Pattern[str]
    needs_asset: bool

    @property
    def confidence(self) -> Decimal:
        """Words that mean something only beside an asset are a weaker sign."""
        return LIKELY if self.needs_asset else SURE


def _rule(kind: Event.Kind, *words: str, needs_asset: bool = False) -> _Rule:
    pattern = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
    return _Rule(kind=kind, pattern=pattern, needs_asset=needs_asset)


MOVES = r"(sends?|receives?|deposits?|withdrawals?|wallets?)"
SERVICES = r"(networks?|systems?|services?|trading|transfers?|payments?|log-?ins?|website|app)"
STARTS = r"(open(s|ed)?|begin(s|ning)?|start(s|ed)?|commenc(es|ed|ing))"
RULES = (
    _rule(
        Kind.ANNOUNCEMENT,
        r"newsletters?|round-?up|recap|digest|webinar|podcast|guides?|faqs?|tax(es)?",
        r"(week|month|year) in review|market (update|report|wrap|insights?)",
        r"(weekly|monthly|quarterly) (update|report|review|wrap)",
        r"how (to|do|does|can|are)|what (is|are)|things to know|explain(ed|er)s?",
        r"beware|scams?|phishing",
        r"(de-?)?listings? (polic(y|ies)|process|criteria|requirements?|fees?|team)",
    ),
    _rule(
        Kind.ANNOUNCEMENT,
        r"(not|no longer) (be |being )?delist(ed|ing)",
        r"delisting (of .+ )?(has been |is |was )?(cancell?ed|postponed|reversed|withdrawn)",
    ),
    _rule(Kind.LISTING, r"re-?list(ed|ing|s)?"),
    _rule(Kind.DELISTING, r"de-?list(ed|ing|ings|s|ment)?"),
    _rule(
        Kind.DELISTING,
        r"remov(al|als|ed|ing)|retir(ed|ement|ing)|sunset(ting)?|wind(ing)?[ -]down",
        r"discontinu(ed|ing|ation)|permanent(ly)?|withdraw your|last day",
        r"(end(ing|s)?|ceas(e|es|ing)|stop(s|ping)?|drop(s|ping)?) (of )?(support|trading)",
        r"(trading|support) (is |will )?(end(s|ing)?|ceas(e|es|ing)|stop(s|ping)?)",
        r"no longer (be )?(supported|supporting|available|tradable|offered|support|offer)",
        r"leav(es|ing) (the list|coinspot)|phas(e|ed|ing)[ -]out|goodbye|farewell",
        needs_asset=True,
    ),
    _rule(
        Kind.FORK,
        r"(hard |soft )?forks?|air[- ]?drops?|snapshot|(chain )?split|merge",
        r"(token|coin|contract|mainnet) (swap|migration|merger?|conversion|upgrade)",
        r"redenominat(ion|ed|ing)|re-?brand(s|ed|ing)?|(migrat(ion|es|ing)|upgrad(e|es|ing)) to",
    ),
    _rule(
        Kind.MAINTENANCE,
        r"maintenance|outages?|downtime|degraded|disrupt(ion|ions|ed)|incident|offline|online",
        r"temporar(y|ily)|suspen(d|ds|ded|ding|sion)|paus(e|es|ed|ing)|halt(s|ed|ing)?",
        r"resum(e|es|ed|ing|ption)|re-?(enabled|stored|opened|opens|activated)",
        r"delay(s|ed)?|connectivity|intermittent|issues|problems|on hold|(system|node) upgrade",
        rf"{MOVES}\b.*\b(unavailable|disabled|enabled|closed|again)",
        rf"({MOVES}|{SERVICES})\b.*\b(slow(er|ly)?|congest(ed|ion)|unstable|busy)",
        rf"({MOVES}|{SERVICES})\b.*\b(operational|(is|are) back|back up|fixed|normal|working)",
    ),
    _rule(
        Kind.DELISTING,
        r"(coin|token|asset|market|pair)s? (removals?|closures?)|clos(ure|ing) .*markets?",
        r"(coins?|tokens?|assets?) (leav(e|ing)|to be removed)",
    ),
    _rule(
        Kind.DELISTING,
        r"(trading|support|markets?|pairs?)\b.*\b(ends?|ending|ceas(e|es|ing)|clos(e|es|ing|ure))",
        r"(end(ing|s)?|ceas(e|es|ing)|stop(s|ping)?) (to )?(offer(ing)?|list(ing)?|support(ing)?)",
        r"(final|last) (notice|call|chance|reminder)|(sell|send|withdraw|move) (or \w+ )?your",
        needs_asset=True,
    ),
    _rule(
        Kind.FORK,
        r"(network|protocol|chain) upgrade|halving|converts? (in)?to|(new|change of) ticker",
        r"to \w+ (swap|migration|conversion|upgrade)|(migration|conversion|ticker change)",
        r"(token|coin|layer 2|l2) (transition|swap|distribution)|merg(es|ing) (in)?to",
        r"(?-i:(becomes|is now( called)?) [A-Z]\w*)|renam(es?|ed|ing)( to)?",
        needs_asset=True,
    ),
    _rule(Kind.STAKING, r"(un)?stak(ing|e|ers?)|apy|validators?"),
    _rule(Kind.STAKING, r"earn (rates?|rewards?|products?|programs?|terms?)"),
    _rule(Kind.STAKING, r"earn", needs_asset=True),
    _rule(
        Kind.LISTING,
        r"new (coin|token|asset|crypto|cryptocurrency)s? (listings?|added|available|this)",
        r"new listings?|listing of|(lists|listed) .*(coins?|tokens?|assets?)",
        r"(this|last) week's (listings?|coins?|tokens?)",
        r"(latest|recent|fresh|more) (coins?|tokens?)",
        r"(latest|recent|upcoming) listings?|(coins?|tokens?|assets?) (join|arrive)",
    ),
    _rule(
        Kind.LISTING,
        r"listings?|lists|listed|new (crypto )?(coin|token|asset|trading pair|pair|market)s?",
        r"(now|is|are) (available|live|tradable|open|here)|available (now|to trade|to buy|on)",
        r"add(s|ed|ing|itions?)|newest|welcomes?|introducing|joins|debuts?",
        r"coming (soon|to coinspot)|(lands|landed|arrives|arrived) (at|in|on)",
        r"has (landed|arrived|joined)|meet|say hello",
        r"(hits|get .+ on) (the )?coinspot|available (in|from|today)",
        r"launch(es|ed|ing)?|(now|can) (buy|trade|trading|on)|(buy|trade) .+ (now|on coinspot)",
        r"(goes|going|now) live|now be (bought|sold|swapped|traded)|(start|begin) trading",
        rf"(trading|markets?|pairs?) (is |are |now )*{STARTS}",
        r"open(s|ed)? (for|to) (trade|trading)|first (day|time) on",
        needs_asset=True,
    ),
)
OTHER = _rule(Kind.ANNOUNCEMENT, needs_asset=True)
"""What no rule knows."""

IMPACTS = {
    Kind.LISTING: Impact.HIGH,
    Kind.DELISTING: Impact.HIGH,
    Kind.MAINTENANCE: Impact.MEDIUM,
    Kind.FORK: Impact.MEDIUM,
    Kind.STAKING: Impact.LOW,
    Kind.ANNOUNCEMENT: Impact.LOW,
}
"""A wallet that is closed for an hour moves less than a market that opens or closes for good."""

BRACKETED = re.compile(r"\(\$?([A-Z0-9]{1,12})(?:/[A-Z]{3,5})?\)")
NO_SYMBOLS = {
    *("AEDT", "AEST", "ACST", "AWST", "UTC", "GMT", "AM", "PM"),
    *("AUD", "USD", "NZD", "ATO", "ABN", "AML", "KYC", "GST", "CGT", "SMSF", "AFSL", "ASIC"),
    *("API", "APP", "ATH", "APR", "APY", "ETA", "EOFY", "EVM", "FAQ", "FYI", "ID", "IOS", "NFT"),
    *("OTC", "P2P", "PDF", "QR", "SMS", "2FA", "MFA", "TBA", "TBC", "TBD", "US", "UK", "AU", "NZ"),
    *("NEW", "UPDATE", "UPDATED", "RESOLVED", "COMPLETED", "CLOSED", "ENDED", "IMPORTANT"),
    *("BEP20", "BEP2", "ERC20", "TRC20", "SPL", "BRC20", "POS", "POW", "DEX", "CEX", "DEFI"),
}
"""What else stands in capitals between parentheses: zones, offices, states, standards."""


def announcement(title: str, body: str = "") -> Announcement:
    """Tell what a title announces.

    Symbols in parentheses are the exchange's own naming of an asset: exact, and known before our
    catalogue knows the coin. Without them the catalogue finds names; of a title that names nothing
    the text is read for symbols, which is least sure, for it may mention others.
    """
    bracketed = _bracketed(title)
    assets, evidence = (bracketed, SURE) if bracketed else _named(title)
    rule = next((rule for rule in RULES if _matches(rule, title, has_asset=bool(assets))), OTHER)
    if not assets and rule.kind != Kind.ANNOUNCEMENT:
        assets, evidence = _bracketed(body), UNSURE
    return Announcement(
        kind=rule.kind,
        assets=assets,
        impact=IMPACTS[rule.kind],
        confidence=_confidence(rule, evidence, names_asset=bool(assets)),
    )


def _confidence(rule: _Rule, evidence: Decimal, *, names_asset: bool) -> Decimal:
    """Take the weaker of kind and assets; a notice on an asset that no rule knows is a guess."""
    if rule is OTHER:
        return UNSURE if names_asset else LIKELY
    return min(rule.confidence, evidence) if names_asset else rule.confidence


def _matches(rule: _Rule, title: str, *, has_asset: bool) -> bool:
    return (has_asset or not rule.needs_asset) and rule.pattern.search(title) is not None


def _named(title: str) -> tuple[list[str], Decimal]:
    """Return the assets that the catalogue finds, and the confidence of the least sure of them."""
    found = [mention for mention in mentions(title) if mention.confidence >= ENOUGH]
    return [one.symbol for one in found], min((one.confidence for one in found), default=SURE)


def _bracketed(text: str) -> list[str]:
    """Return the symbols in parentheses that can be an asset's, sorted."""
    found = {symbol for symbol in BRACKETED.findall(text) if not symbol.isdigit()}
    return sorted({symbol_of(symbol) for symbol in found - NO_SYMBOLS})
