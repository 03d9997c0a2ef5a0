"""What the agent declines whatever a model says: attacks, other people, actions, advice, forecasts.

The rules read the question alone, before any tool, model or ledger text. They err towards
declining: a question that was declined by mistake can be asked in other words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.language.lexicon import COMMON, OUTLETS
from agents.language.names import find_names
from agents.language.spelling import foreign
from agents.language.text import vocabulary
from agents.plans import Outcome, Plan

THINGS = (
    r"(?:open |last |recent |latest |past |trade |trading |order |account |pending )*(?:orders?|"
    r"trades?|"
    r"portfolios?|positions?|holdings?|balances?|fills?|pnl|profits?|losses|account|history|fees|"
    r"wallet|"
    r"purchases|transactions|buys|sells|coins|data)"
)
ATTACK = re.compile(
    r"""(?xi)
    \b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(?:instruction|prompt|rule|above|
        previous|prior|earlier|guard|safety|restriction|polic|everything|system)
    | \bsystem\s*(?:prompt|message|mode|override|instruction) | \b(?:developer|god|admin|debug|
        root)\s*mode\b
    | \bjailbreak | \bDAN\b | \byou\s+are\s+now\b | \bpretend\s+(?:to\s+be|you|that)\b
    | \bact\s+as\b
    | \bnew\s+instructions?\b | (?<!\w)\.env\b | \benvironment\s+variables?\b | \bpasswords?\b
    | \bcredentials?\b
    | \b(?:api|secret|private|encryption|access|auth|signing)[\s_-]*(?:keys?|tokens?)\b
    | \bsecrets?\b
    | \bseed\s+phrase | /etc/ | \bdrop\s+table | \bdelete\s+from\b
    | \bselect\s+.{1,40}\bfrom\b\s+\w+_
    | \bunion\s+select | \binsert\s+into | ;\s*-- | '\s*or\s*'?1 | <\s*/?\s*script
    | \b(?:repeat|print|output|reveal|display)\b.{0,30}\b(?:everything\s+above|(?:text|words|
        messages?)\s+above|prompt|instructions)\b | \{\{ | \$\{ | <%
    | \bsubprocess\b | \brm\s+-rf
    | \bcurl\s+\S | \bwget\b | \bsource\s+code\b | \bsudo\b | \bbase64\b | \bexecute\s+(?:code|
        sql|python|shell|command)
    | \b(?:your|the\s+hidden|initial|internal)\s+(?:prompt|instructions|rules|configuration|
        config|settings|
        tool\s+definitions|guidelines)\b | \brun\s+(?:sql|code|python|a\s+query|the\s+command|shell)
    | \b(?:database|db)\s+(?:dump|schema|password|connection|url) | \bdump\b.{0,20}\b(?:table|
        database|users)
    | \b(?:get|submit|admin|run|load|cancel|delete)_\w+ | \[/?inst\] | <\|\w+\|> | ^\s*(?:system|
        assistant)\s*:
    | !\[ | \]\(\s*http | https?://
    """
)
SOMEBODY = re.compile(
    rf"""(?xi)
    \b(?:user|account|customer|client)\s*(?:_?id|number|no\.?|nr)?\s*[=\#:]?\s*\d+
    | \buser_?id\b
    | \b(?:everyone|everybody|each\s+user|all\s+(?:the\s+)?(?:users?|accounts|customers|clients|
        traders|people)|
        other\s+(?:users?|people|persons?|customers?|traders?|clients?|accounts?|members?)|
            another\s+(?:user|person|
        customer|client|trader|account|member)|someone\s+else|somebody\s+else|anyone\s+else|
            anybody\s+else|
        some\s+other\s+\w+|(?:the\s+)?other\s+guy)\b
    | (?:\bmy|'s)\s+(?:\w+\s+)?(?:friend|colleague|wife|husband|brother|sister|boss|mate|
        partner|neighbou?r|dad|
        mum|mom|son|daughter|father|mother|uncle|aunt|cousin|client|customer|flatmate)s?\b
    | \bwhose\b | \bevery\s+(?:user|customer|client|account)\b | \busers?'\s
    | \b(?:his|her|their)\s+{THINGS}\b
    | \bwho\s+(?:else\s+)?(?:bought|sold|traded|holds?|owns?|has|have|is\s+(?:buying|selling|
        trading|holding)|placed|made)\b
    | \b(?:biggest|largest|top|richest|best|most\s+\w+)\s+(?:traders?|holders?|customers?|
        accounts?|users?|clients?|investors?)\b
    | \b(?:how\s+many|list|number\s+of|which)\s+(?:the\s+|all\s+)?(?:users|customers|clients|
        accounts|traders)\b
    | \bon\s+behalf\s+of\b | \b(?:log\s*in|sign\s+in|switch|impersonat\w+|change)\s+(?:as|to|
        into)\s+(?:user|account|another)\b
    | \bas\s+(?:user|admin|administrator|root|superuser|staff)\b | \bi(?:'m|\s+am)\s+(?:the\s+|
        an?\s+)?(?:admin\w*|owner|
        operator|support|staff|superuser|auditor|developer|ceo|compliance\w*)\b
    """
)
BEFORE = re.compile(
    rf"(?i)\b(?!\w{{3,}}(?:able|ed|ing|al|est|ly|ive|ful|ous|ent|ant)\b)([a-z][a-z0-9_.-]*)\s+{THINGS}\b"
)
"""What stands before orders and is no adjective: bob orders."""
DEALINGS = re.compile(
    r"(?i)\b(?:traded?|trades|bought|sold|profits?|pnl|p&l|cost\s+basis|holds?|holding|owns?)\b"
)
MINE = re.compile(r"(?i)\b(?:my|mine|i|i'm|i've|me|our|we)\b")
FEW = 3
HELD_THING = re.compile(rf"(?i)\b{THINGS}\b")
POSSESSIVE = re.compile(rf"(?i)(?<!\w)([a-z][a-z0-9_.-]*)(?:'s|s')\s+{THINGS}\b")
BELONGING = re.compile(
    rf"(?i)\b{THINGS}\s+(?:of|for|by|from|belonging to|in)\s+(?:user\s+|"
    rf"account\s+)?@?([a-z][a-z0-9_.-]*)"
)
DOING = re.compile(
    r"(?i)\b(?:did|does|has|is|was|are|were|do)\s+(?:[a-z]+\s+and\s+)?@?([a-z][a-z0-9_.-]*)\s+"
    r"(?:ever\s+|last\s+|currently\s+|still\s+)?(?:have|got|keep|earn(?:ed)?|lose|lost|buy|bought|"
    r"sell|sold|trade|traded|own|"
    r"hold|holding|buying|selling|trading|purchase[d]?|spend|spent|place[d]?|cancel(?:led)?|make|"
    r"made|pay|paid)\b"
)
OWNING = re.compile(r"(?i)\b([a-z][a-z0-9_.-]*)'s(?!\w)")
"""What is somebody's, whatever it is."""
BESIDE = re.compile(
    r"(?i)\b(?:by|of|from|for|is|was|did|does|do|has|have|are|were|with|than|to|vs|versus|against|"
    r"let|show|list|give|and|or|plus)\s+@?([a-z][a-z0-9_.-]*)\b"
)
"""Where a person would stand in a question about orders, positions and results."""
AS_SOMEBODY = re.compile(
    r"(?i)\b(?:as|i am|i'm|for|this is)\s+@?(bob|alice|mallory|eve|carol|dave|trent|admin)\b"
)
POLITE = (
    r"(?:(?:please|pls|now|ok|okay|hey|hi|hello|omc|agent|just|can|could|would|will|you|i|i'd|"
    r"want|wanna|need|"
    r"like|to|go|ahead|and|let's|lets|then|kindly|quickly|immediately|do|us|help|me|so|we|should|"
    r"must)[\s,]+)*"
)
STRONG = (
    r"get rid of|dump|offload|unload|buy|sell|place|submit|cancel|transfer|send|withdraw|"
    r"deposit|swap|convert|liquidate|stake|"
    r"unstake|rebalance|"
    r"dca|short|market[\s-]buy|market[\s-]sell|purchase"
)
WEAK = (
    r"open|close|move|set|create|delete|update|modify|trade|exchange|pay|long|execute|put|invest|"
    r"increase|reduce|change|add|remove|exit|double"
)
ACTIONS = (
    re.compile(
        rf"(?i)^{POLITE}(?:cancel|submit|place|withdraw|liquidate|rebalance|transfer|send|swap)\b"
        r"(?!\s+(?:news|fees?|prices?|history|volume|list|transactions|fills)\b)"
    ),
    re.compile(
        rf"(?i)^{POLITE}(?:{STRONG})\b(?!\s+(?:orders?|trades?|news|fees?|side|price|prices|"
        rf"history|volume|"
        rf"list|and\s+sell|"
        r"or\s+sell|pressure|transactions|fills)\b)"
    ),
    re.compile(
        rf"(?i)^{POLITE}(?:{WEAK}|put\s+in)\s+(?:an?|my|all|the|some|up|half|\d\S*|everything|"
        rf"another|"
        rf"more|out|down|\$\S+)\s+"
        r"(?:\S+\s+){0,4}?(?:position|orders?|alert|stop|limit|account|trade|btc|eth|\w+)\b"
    ),
    re.compile(
        rf"(?i)(?<!did i )\b(?:and|then|please|also|to|if so|so)[\s,]+(?:{STRONG})\s+"
        r"(?:\$?\d\S*|my|all|some|half|everything|an?\b|it\b|them\b|the\b|that\b|those\b|more)"
    ),
    re.compile(
        r"(?i)\b(?:set|create|add|configure)\s+(?:up\s+)?(?:an?|the|my|"
        r"some)?\s*(?:price\s+)?(?:alerts?|stop[\s-]loss|"
        r"limit\s+orders?|reminders?|notifications?|take[\s-]profit|bot|recurring)"
    ),
    re.compile(r"(?i)\b(?:notify|alert|remind|email|text|ping)\s+me\b"),
    re.compile(r"(?i)\b(?:stop[\s-]loss|kill\s+switch|trading\s+bot)\b"),
    re.compile(rf"(?i)\b(?:can|could|would|will)\s+you\s+(?:please\s+)?(?:{STRONG})\b"),
)
PAST = re.compile(
    r"(?i)^(?:\w+ ){0,3}(?:did|have|had|was|were) (?:i|my)\b(?!.{0,80}\b(?:then|please|now) )"
)
ADVICE = re.compile(
    r"""(?xi)
    \b(?:should|shall|must|ought)\s+(?:i|we|one|you)\b | \bgood\s+(?:time|moment|idea|price|entry|
        deal|buy|investment|bet)\b
    | \b(?:right|best|bad|perfect)\s+(?:time|moment)\s+to\b | \bworth\s+(?:buying|selling|holding|
        it|investing|getting)\b
    | \brecommend\w*\b | \badvi[cs]e\b | \bsuggest\w*\b | \bbest\s+(?:coin|crypto\w*|investment|
        buy|bet|asset|token|altcoin)\b
    | \bwhat\s+(?:coins?\s+|crypto\s+)?(?:to|should)\b | \bwhich\s+(?:coins?|one|crypto\w*|
        assets?|tokens?)\b.{0,25}\b(?:buy|sell|invest|pick)\b
    | \bsafe\s+(?:to|investment|bet|coin)\b | \b(?:invest|put\s+(?:my\s+)?money|
        put\s+(?:all\s+)?my\s+\w+)\s+(?:in|into)\b
    | \b(?:under|over)valued\b | \b(?:buy|hold|sell)\s+or\s+(?:buy|hold|sell|wait)\b
    | \bhow\s+much\s+should\b
    | \b(?:do|would)\s+you\s+(?:think|buy|sell|hold|say\s+it)\b | \byour\s+(?:opinion|view|take|
        thoughts)\b | \btoo\s+late\s+to\b
    | \b(?:a|an)\s+(?:buy|sell|hold)\b(?!\s+(?:order|side|trade)) | \bgood\s+(?:coin|one)\b
    | \btime\s+to\s+(?:buy|sell|get|take)\b
    | \bbuy\s+the\s+dip\b | \btrading\s+(?:strategy|signal|tip)s?\b | \bhow\s+(?:can|
        do)\s+i\s+(?:get\s+rich|make\s+money|profit)
    """
)
FORECAST = re.compile(
    r"""(?xi)
    \b(?:will|won't|gonna|going\s+to|predict\w*|forecast\w*|outlook|price\s+targets?|projection|
        prognosis|estimate\s+for)\b
    | \bexpect\w*\b | \btomorrow\b | \bnext\s+(?:hour|day|week|month|quarter|year|bull|few|couple|
        \d+|halving|cycle|decade)
    | \bby\s+(?:the\s+)?end\s+of\b | \bend\s+of\s+(?:the\s+|this\s+)?year\b
    | \b(?:to\s+the\s+)?moon\b | \bhow\s+(?:high|low|far)\s+(?:can|could|might|will)\b
    | \b(?:could|can|might|may|would)\s+\S+\s+(?:reach|hit|go|fall|rise|drop|double|crash|recover|
        break|get|be\s+worth)\b
    | \bheaded\b | \bheading\b | \bfuture\s+(?:price|value|of)\b | \bin\s+(?:the\s+)?(?:future|
        coming)\b | \bin\s+20(?:[3-9]\d|2[7-9])\b
    | \bcontinue\s+(?:to\s+)?(?:ris|fall|go)\w* | \bkeep\s+(?:ris|fall|go|climb)\w*ing\b
    | \bguarantee\w*\b | \bodds\b | \bprobab\w+\b | \bchances?\b | \blikely\b
    """
)
TIMES = frozenset(
    vocabulary(
        """
    today yesterday week month year quarter day hour morning monday tuesday wednesday
    thursday friday saturday sunday january february march april may june july august
    september october november december last coinspot exchange paper tax
    """
    )
)

MESSAGES = {
    "attack": "That is not a question about the ledgers. "
    "Ask for prices, news, events, or your own orders.",
    "others": "Only your own orders can be shown here. "
    "Ask about your own, for example: list my orders.",
    "action": "The agent only reads: it never buys, sells, cancels, sends or sets anything. "
    "Ask for the data instead.",
    "advice": "The agent gives no advice. "
    "It can show prices, news and events, each with its source.",
    "forecast": "The agent makes no forecasts: the ledgers hold what has been observed. "
    "Ask how a coin did in a past period.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a question is declined: attack, others, action, advice or forecast."""

    reason: str

    def plan(self) -> Plan:
        """Return the plan that declines, with its message."""
        return Plan(outcome=Outcome.REFUSE, message=MESSAGES[self.reason])


def refusal_of(text: str, *, username: str = "") -> Refusal | None:
    """Return why a question is declined before anything is read, or None.

    Forecasts are judged by `is_forecast`, because a question about planned events is none.
    """
    if ATTACK.search(text):
        return Refusal("attack")
    if SOMEBODY.search(text) or _names_somebody(text, username.lower()):
        return Refusal("others")
    if not PAST.search(text) and any(rule.search(text) for rule in ACTIONS):
        return Refusal("action")
    if ADVICE.search(text):
        return Refusal("advice")
    return None


def is_forecast(text: str) -> bool:
    """Tell whether a text asks for the future."""
    return FORECAST.search(text) is not None


def _names_somebody(text: str, username: str) -> bool:
    """Tell whether a text asks for the orders of a person who is not the one who asks."""
    patterns = [POSSESSIVE, BELONGING, DOING, AS_SOMEBODY]
    is_of_money = HELD_THING.search(text) or DEALINGS.search(text)
    patterns += [OWNING] if is_of_money or len(text.split()) <= FEW else []
    patterns += [BESIDE, BEFORE] if is_of_money and not MINE.search(text) else []
    named = [match[1].lower() for pattern in patterns for match in pattern.finditer(text)]
    return any(_is_person(name, username) for name in named)


def _is_person(name: str, username: str) -> bool:
    if name == username or name in TIMES or name in COMMON or name.startswith(tuple("0123456789")):
        return False
    if not foreign(name, shortest=2):
        return False
    if any(pattern.fullmatch(name) for pattern in OUTLETS.values()):
        return False
    found, _ = find_names(name)
    coins, _ = find_names(name.upper())
    return not (found.assets or found.companies or coins.assets or coins.companies)
