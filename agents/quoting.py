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
    \b(?:ignore|disregard|forget|override|bypass)\b.{0,40}
        \b(?:instruction|prompt|rule|above|previous|prior|earlier|everything|system|polic)
    | \b(?:system|developer)\s*(?:prompt|message|mode|override|note)\b | ^\s*(?:system|
        assistant)\s*:
    | \b(?:you\s+are\s+now|act\s+as|pretend\s+to\s+be|jailbreak|new\s+instructions?)\b
    | \b(?:get|submit|admin|run|load|cancel|execute|delete)_\w+ | \buser[\s_]*id\b
    | \b(?:api|secret|private)[\s_-]*keys?\b | \bpassword | \.env\b | \btool[\s_-]*(?:call|
        result)s?\b
    | https?:// | !\[ | \]\( | <\s*/?\s*[a-z!] | \bcanary\b | [a-z0-9+/]{40,}={0,2}
    """
)


def cleaned(text: str) -> str:
    """Return the text in one line, without control and invisible characters or quote marks."""
    visible = "".join(
        " " if unicodedata.category(one) in {"Cc", "Zl", "Zp"} else one
        for one in text
        if unicodedata.category(one) not in {"Cf", "Co", "Cs", "Cn"}
    )
    return " ".join(visible.translate(QUOTES).split())[:MOST]


def looks_like_command(text: str) -> bool:
    """Tell whether a text tries to steer a machine rather than to inform a person."""
    return COMMANDS.search(text) is not None


def quoted(text: str) -> str:
    """Return a text in quotation marks, or nothing when it may not be repeated."""
    text = cleaned(text)
    return "" if not text or looks_like_command(text) else f"“{text}”"
