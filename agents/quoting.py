"""Text that others wrote, made safe to quote: it is data, whatever it says.

Collected text may hold instructions for a language model, invisible characters, markup. It is
cleaned where a tool reads it, quoted in quotation marks or not at all, and what looks like an
instruction is named by its id instead of being repeated.
"""

from __future__ import annotations

import re
import unicodedata

MOST = 200
QUOTES = str.maketrans({"“": "'", "”": "'", '"': "'", "„": "'", "«": "'", "»": "'"})
COMMANDS = re.compile(
    r"""(?xi)
    \b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}
        \b(?:instruction|prompt|rule|above|previous|prior|earlier|everything|system|polic|guard)
    | \b(?:ignorier|vergiss|vergesst|ignor[ae][sz]?|oublie[sz]?|olvid[ae]|esque[cç]a|dimentica
        |negeer|vergeet|zignoruj|unut)\w*\b.{0,40}\b(?:anweisung|regel|vorherig|bisherig|instruc|instruk
        |istruzion|consigne|r[eè]gle|regla|regra|anterior|pr[eé]c[eé]dent|precedent|vorige|polecen
        |talimat|[oö]nceki)
    | \b(?:system|developer|admin|debug)\s*(?:prompt|message|mode|override|note|update|notice)\b
    | ^\W*(?:system|assistant|user|human|developer|tool|function|operator|owner)\s*[:>\]]
    | \b(?:you\s+are\s+now|act\s+as|pretend\s+(?:to\s+be|that|you)|jailbreak|new\s+instructions?
        |du\s+bist\s+jetzt|tu\s+es\s+maintenant|ahora\s+eres)\b
    | (?:^|[.!?:;,>\]-]\s*|\b(?:please|now|then|and|must|always|first|also|to)\s+)
        (?:print|repeat|output|append|respond|reply|recite|reveal|execute|echo|exfiltrate)\b
    | \b(?:note|message|attention|dear|hey|hello|hi|instructions?)\b.{0,15}
        \b(?:ai|a\.i\.|assistant|agent|model|bot|llm|chatgpt|gpt|claude)s?\b
    | \b(?:signed|sincerely|regards|yours)\b.{0,30}\b(?:user|owner|admin\w*|operator|support)\b
    | \bi\s+am\s+(?:the\s+|your\s+)?(?:user|owner|admin\w*|operator|developer)\b
    | \b(?:get|submit|admin|run|load|cancel|execute|delete|send|place)_\w+ | \buser[\s_-]*id\b
    | \b(?:api|secret|private|access)[\s_-]*(?:keys?|tokens?)\b | \bpassw(?:or)?d | \.env\b
    | \bseed\s+phrase\b | \btool[\s_-]*(?:call|result|response|output)s?\b
    | \b(?:end|begin|start)\s+of\s+(?:data|evidence|context|document|untrusted)
    | https?:// | \bwww\. | !\[ | \]\( | <\s*/?\s*[a-z!|] | \[/?inst\] | ^\s*\#{2,} | "role"
    | \bjavascript: | \bdata:\w+/ | \bcanary\b | (?:\b\w\s){6,}
    """
)
ENCODED = re.compile(
    r"(?=[A-Za-z0-9+/_-]*[0-9A-Z])[A-Za-z0-9+/_-]{24,}={0,2}|(?:\\x|%|&\#x?)[0-9a-fA-F]{2}"
)
"""Base64 and other encodings: nobody reads them, but a machine might."""
LATIN = "LATIN"


def cleaned(text: str) -> str:
    """Return the text in one line, without control and invisible characters or quote marks."""
    visible = "".join(
        " " if unicodedata.category(one) in {"Cc", "Zl", "Zp"} else one
        for one in text
        if unicodedata.category(one) not in {"Cf", "Co", "Cs", "Cn"}
    )
    return " ".join(visible.translate(QUOTES).split())[:MOST]


def looks_like_command(text: str) -> bool:
    """Tell whether a text tries to steer a machine rather than to inform a person.

    It errs towards yes: what is not quoted is named by its row. Letters of other scripts count,
    because they hide words from this list and from the reader. No list is complete; what a text
    may do if it is overlooked is nothing but to stand in quotation marks.
    """
    plain = unicodedata.normalize("NFKC", text)
    return bool(COMMANDS.search(plain) or ENCODED.search(plain)) or any(
        one.isalpha() and not unicodedata.name(one, LATIN).startswith(LATIN) for one in plain
    )
