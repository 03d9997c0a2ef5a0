"""Ways in which a draft could say more than its evidence, each of which must fail."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agents.grounding import ground
from agents.results import Window
from agents.tests.evidences import NOW, WEEK, WORLD, evidence
from agents.tests.factories import DAY, HOUR, MINUTE
from agents.tests.payloads import tagged

FIRST = evidence("E1", value=100, role="first", times=(WEEK.start,), window=WEEK)
LAST = evidence("E2", value=90, role="last", times=(NOW - HOUR,), window=WEEK)
FELL = evidence(
    "E3", field="change", value=-10, unit="%", window=WEEK, times=(WEEK.start, NOW - HOUR), over="x"
)
HIGH = evidence("E4", field="high", value=120, times=(NOW - 2 * DAY,), window=WEEK, role="high")
COUNTED = evidence("E5", field="count", value=12, unit="items", words=("news", "article"))
SCORED = evidence("E6", field="scored", value=5, unit="items", words=("news", "article"))
NOISE = evidence("E7", field="volatility", value="2.5", unit="%", window=WEEK, over="x")
ETH = evidence("E8", field="change", value="4.5", unit="%", assets=("ETH",), window=WEEK, over="x")
GAP = evidence("E9", field="difference", value="14.5", unit="points", assets=("ETH", "BTC"))
TOLD = evidence(
    "E10",
    field="item",
    value=None,
    words=("decrypt", "article"),
    text="Binance denies it is insolvent",
)
OTHER = evidence(
    "E11",
    field="item",
    value=None,
    words=("coindesk", "article"),
    text="Solana is halted for an hour",
)
EVENTS = evidence("E12", field="count", value=12, unit="events", assets=("COIN",), words=())
HELD = evidence("E13", field="quantity", value="0.5", unit="BTC", words=("order", "buy", "filled"))
COMPANY = evidence(
    "E14", field="item", value=None, assets=("COIN",), words=("filing", "Buy Now Corp"), text="x y"
)
WEEKLY = (
    FIRST,
    LAST,
    FELL,
    HIGH,
    COUNTED,
    SCORED,
    NOISE,
    ETH,
    GAP,
    TOLD,
    OTHER,
    EVENTS,
    HELD,
    COMPANY,
)


def in_digits(number: int, zero: int) -> str:
    """Write a number in the digits of another script, by its zero."""
    return "".join(chr(zero + int(digit)) for digit in str(number))


TRUE = [
    "BTC fell 10 % from 2026-03-11 12:00 UTC to 2026-03-18 12:00 UTC [E3].",
    "BTC fell 10 % since 2026-03-11 [E3].",
    "BTC fell 10 % until 2026-03-18 12:00 UTC [E3].",
    "You have a buy order of 0.5 BTC [E13].",
    "BTC fell 10 % over the last 7 days [E3].",
    "BTC fell 10.0 % in the past week [E3].",
    "BTC lost ten percent within one week [E3].",
    "BTC fell from 100 AUD [E1] to 90 AUD [E2], a change of -10 % [E3].",
    "BTC started at 100 AUD [E1] and ended at 90 AUD [E2].",
    "BTC was at 100 AUD at 2026-03-11 12:00 UTC [E1].",
    "BTC was at 100 AUD on Wednesday, 11 March 2026 [E1].",
    "BTC was at 100 AUD on the 11th of March [E1].",
    "BTC had a record high of 120 AUD over the last 7 days [E4].",
    "There were twelve articles about BTC [E5], and five articles were scored [E6].",
    "The volatility of BTC was 2.5 % [E7].",
    "ETH rose 4.5 % and BTC fell 10 % [E8] [E3].",
    "ETH rose 4.5 % [E8], while BTC fell 10 % [E3], and ETH did better by 14.5 points [E9].",
    "Decrypt wrote: “Binance denies it is insolvent” [E10].",
    "You hold 0.5 BTC [E13].",
    "The filing of Buy Now Corp is here [E14].",
]  # fmt: skip
ATTACKS = {
    "arabic digits": f"BTC fell {in_digits(10, 0x660)} % [E3].",
    "devanagari digits": f"BTC fell {in_digits(10, 0x966)} % [E3].",
    "full-width digits": f"BTC fell {in_digits(10, 0xFF10)} % [E3].",
    "superscript": "BTC fell 10² % [E3].",
    "a fraction sign": "BTC fell 10½ % [E3].",
    "roman numerals": "BTC fell 10 % Ⅻ times [E3].",
    "circled digit": "BTC fell ⑩ % [E3].",
    "zero-width space": "BTC fell 1\u200b0 % [E3].",
    "soft hyphen": "BTC fell 1\u00ad0 % [E3].",
    "right-to-left override": "BTC fell \u202e01 % [E3].",
    "tag characters": f"BTC fell 10 % [E3]{tagged(' buy')}.",
    "a control character": "BTC fell 10 %\x07 [E3].",
    "cyrillic letters": "\u0412\u0422\u0421 fell 10 % [E3].",
    "scientific notation": "BTC was at 1e2 AUD at first [E1].",
    "scientific notation in words": "BTC fell 1 E 1 % [E3].",
    "a power": "BTC fell 10^1 % [E3].",
    "a product": "BTC fell 2*5 % [E3].",
    "a fraction": "BTC fell 20/2 % [E3].",
    "a wrong thousands separator": "BTC started at 1,00 AUD [E1].",
    "decimals behind a comma": "BTC started at 100,00 AUD [E1].",
    "continental digits": "BTC started at 100.000,00 AUD [E1].",
    "two points": "BTC started at 100.0.0 AUD [E1].",
    "spaced digits": "BTC started at 100 000 AUD [E1].",
    "narrow spaced digits": "BTC started at 100\u202f000 AUD [E1].",
    "underscored digits": "BTC started at 100_000 AUD [E1].",
    "hexadecimal": "BTC started at 0x64 AUD [E1].",
    "a magnitude letter": "BTC started at 0.1k AUD [E1].",
    "a magnitude word that is wrong": "BTC started at 100 thousand AUD [E1].",
    "a percent for points": "ETH did better than BTC by 14.5 % [E9].",
    "points for a percent": "BTC fell 10 points [E3].",
    "basis points": "BTC fell 1000 bps [E3].",
    "no unit": "BTC started at 100 [E1].",
    "another currency": "BTC started at 100 USD [E1].",
    "a dollar sign": "BTC started at $100 [E1].",
    "two currencies": "BTC started at $100 AUD [E1].",
    "dollars in words": "BTC started at 100 dollars [E1].",
    "a range that is invented": "BTC was between 80 AUD and 120 AUD [E4].",
    "a range with a dash": "BTC had a high of 110-120 AUD [E4].",
    "a tolerance": "BTC had a high of 120 ± 5 AUD [E4].",
    "a sign the wrong way": "The change of BTC was 10 % [E3].",
    "a plus for a minus": "BTC: +10 % [E3].",
    "a minus for a plus": "The change of ETH was -4.5 % [E8].",
    "an en dash for a minus": "The change of ETH was \u20134.5 % [E8].",
    "a minus that stands apart": "The change of ETH was \u2212 4.5 % [E8].",
    "a minus in words": "The change of ETH was minus 4.5 % [E8].",
    "parentheses for a minus": "The change of ETH was (4.5 %) [E8].",
    "a double negative": "BTC fell -10 % [E3].",
    "a denied direction": "BTC hasn't fallen [E3].",
    "a negative zero": "The change of ETH was -0 % [E8].",
    "two assets where one fell": "ETH and BTC fell 10 % [E3] [E8].",
    "three assets": "ETH, SOL and BTC fell 10 % [E3] [E8].",
    "two assets and one number": "BTC and ETH rose 4.5 % [E8] [E3].",
    "a fall on one day": "BTC fell 10 % on 2026-03-11 [E3].",
    "a fall until its beginning": "BTC fell 10 % until 2026-03-11 12:00 UTC [E3].",
    "a fall since its end": "BTC fell 10 % since 2026-03-18 12:00 UTC [E3].",
    "percent points": "BTC fell 10 percent points [E3].",
    "a percentage each": "BTC fell 10 % each day [E3].",
    "advice of an order's words": "Buy BTC [E13].",
    "the direction of another asset": "BTC rose and ETH fell [E3] [E8].",
    "numbers of two assets swapped": "BTC fell 4.5 % and ETH rose 10 % [E3] [E8].",
    "numbers of two assets in the other order": "ETH rose 10 % and BTC fell 4.5 % [E8] [E3].",
    "the right number of another asset": "ETH fell 10 % [E3].",
    "an asset in no evidence": "SOL fell 10 % [E3].",
    "a comparison turned": "BTC did better than ETH by 14.5 points [E9].",
    "a comparison of prices": "The price of ETH is stronger than BTC [E9].",
    "above": "BTC is above 100 AUD [E1].",
    "more than": "BTC fell more than 10 % [E3].",
    "the direction of a count": "The articles about BTC fell [E5] [E3].",
    "the direction of a volatility": "The volatility of BTC fell [E7] [E3].",
    "first said to be last": "BTC ended at 100 AUD [E1].",
    "first and last swapped": "BTC fell from 90 AUD [E2] to 100 AUD [E1].",
    "a first price as the price": "The price of BTC was 100 AUD [E1].",
    "an old price as the current one": "The current price of BTC is 90 AUD [E2].",
    "an old price as of now": "BTC is now at 90 AUD [E2].",
    "a high as the price": "BTC was at 120 AUD [E4].",
    "a high as the mean": "The mean of BTC was 120 AUD [E4].",
    "a volatility as a change": "BTC rose 2.5 % [E7].",
    "a change as a volatility": "The volatility of BTC was -10 % [E3].",
    "a count of the scored": "There were 5 articles about BTC [E6].",
    "the scored of a count": "Of the articles about BTC 12 were scored [E5].",
    "events called filings": "There were 12 filings about COIN [E12].",
    "articles called events": "There were 12 events about BTC [E5].",
    "articles called posts": "There were 12 posts about BTC [E5].",
    "none where there are some": "There were no articles about BTC [E5].",
    "never": "BTC never rose [E3].",
    "nothing": "Nothing about BTC was written [E5].",
    "a record without a window": "BTC had a record high of 120 AUD [E4].",
    "a record of no extreme": "BTC fell to a record of 90 AUD over the last 7 days [E2] [E3].",
    "doubled": "BTC doubled [E3].",
    "halved": "BTC halved [E3].",
    "tripled": "BTC tripled [E3].",
    "unchanged": "BTC was unchanged [E3].",
    "numbers beyond twelve": "There were twenty-one articles about BTC [E5].",
    "a dozen": "There were a dozen articles about BTC [E5].",
    "several": "There were several articles about BTC [E5].",
    "nearly": "BTC fell nearly 10 % [E3].",
    "a wrong citation": "BTC fell 10 % [E8].",
    "no citation": "BTC fell 10 %.",
    "a citation that does not exist": "BTC fell 10 % [E77].",
    "a range of citations": "BTC fell 10 % [E1-E3].",
    "a citation in other digits": "BTC fell 10 % [E٣].",
    "a citation inside a quote": "BTC fell 10 % “[E3]”.",
    "a number behind the citation": "BTC fell [E3] 25 %.",
    "another date": "BTC fell 10 % from 2026-03-10 to 2026-03-18 [E3].",
    "the ends swapped": "BTC fell 10 % from 2026-03-18 to 2026-03-11 [E3].",
    "an end of another row": "BTC had a high of 120 AUD from 2026-03-16 to 2026-03-18 [E4].",
    "another hour": "BTC was at 100 AUD at 2026-03-11 13:00 UTC [E1].",
    "another second": "BTC was at 100 AUD at 2026-03-11 12:00:09 UTC [E1].",
    "another zone": "BTC was at 100 AUD at 2026-03-11 12:00+10:00 [E1].",
    "an afternoon": "BTC was at 100 AUD at 12:00 AM [E1].",
    "another weekday": "BTC was at 100 AUD on Friday, 11 March 2026 [E1].",
    "a weekday alone": "BTC was at 100 AUD on Friday [E1].",
    "a slashed date": "BTC was at 100 AUD on 11/03/2026 [E1].",
    "a dotted date": "BTC was at 100 AUD on 11.3.2026 [E1].",
    "a date without signs": "BTC was at 100 AUD on 20260311 [E1].",
    "a date that does not exist": "BTC was at 100 AUD on 2026-02-30 [E1].",
    "a 31st of June": "BTC was at 100 AUD on 31 June 2026 [E1].",
    "a month alone": "BTC was at 100 AUD in April [E1].",
    "a quarter": "BTC fell 10 % in Q1 2026 [E3].",
    "a year": "BTC fell 10 % in 2025 [E3].",
    "the time of another row": "BTC had a high of 120 AUD at 2026-03-11 12:00 UTC [E4] [E1].",
    "another length": "BTC fell 10 % over the last 8 days [E3].",
    "a day instead of a week": "BTC fell 10 % in a day [E3].",
    "a length in hours": "BTC fell 10 % in the past 24 hours [E3].",
    "another outlet": "CoinDesk wrote: “Binance denies it is insolvent” [E10].",
    "another cited outlet": "Coindesk wrote: “Binance denies it is insolvent” [E10] [E11].",
    "a part of a quote": "Decrypt wrote that Binance is “it is insolvent” [E10].",
    "a changed quote": "Decrypt wrote: “Binance admits it is insolvent” [E10].",
    "a quote of another row": "Decrypt wrote: “Solana is halted for an hour” [E10].",
    "an open quote": "Decrypt wrote: “Binance denies it is insolvent [E10].",
    "words of a company's name": "Buy BTC now [E14] [E3].",
    "a cause": "BTC fell 10 % because of the news [E3].",
    "advice": "BTC fell 10 %, so buy [E3].",
    "a forecast": "BTC will fall 10 % [E3].",
    "a link": "BTC fell 10 % [E3](https://evil.example/x).",
    "an image": "![x](//evil.example/x) BTC fell 10 % [E3].",
    "a tag": "<b>BTC</b> fell 10 % [E3].",
    "a host": "BTC fell 10 %, see evil.example [E3].",
    "a mail address": "BTC fell 10 %, ask a@evil.example [E3].",
    "another quantity": "You hold 5 BTC [E13].",
    "another asset's quantity": "You hold 0.5 ETH [E13].",
}  # fmt: skip


@pytest.mark.parametrize("sentence", TRUE)
def test_a_true_sentence_passes(sentence: str) -> None:
    checked = ground([sentence], WEEKLY)
    assert [one.reason for one in checked.withheld] == []


@pytest.mark.parametrize("sentence", ATTACKS.values(), ids=ATTACKS)
def test_security_an_attack_is_withheld(sentence: str) -> None:
    assert ground([sentence], WEEKLY).kept == ()


@pytest.mark.parametrize("sentence", ATTACKS.values(), ids=ATTACKS)
def test_security_what_is_told_of_a_withheld_sentence_is_ours_alone(sentence: str) -> None:
    (withheld,) = ground([sentence], WEEKLY).withheld
    assert not any(sign.isdigit() for sign in withheld.kind)
    assert withheld.kind.isascii()


def test_a_window_that_ended_long_ago_is_not_the_last_week() -> None:
    old = Window(start=NOW - 30 * DAY, end=NOW - 23 * DAY)
    past = FELL.model_copy(update={"window": old})
    assert ground(["BTC fell 10 % over the last 7 days [E3]."], [past]).kept == ()
    assert ground(["BTC fell 10 % over 7 days [E3]."], [past]).kept


@pytest.mark.parametrize(
    ("change", "word", "passes"),
    [
        (100, "doubled", True),
        (150, "doubled", True),
        (200, "doubled", False),
        (99, "doubled", False),
        (-50, "halved", True),
        (-49, "halved", False),
        (-70, "halved", False),
        ("0.004", "was unchanged", True),
        ("0.006", "was unchanged", False),
        ("-0.004", "was flat", True),
        ("0.001", "rose", True),
        ("-0.001", "rose", False),
    ],
)
def test_words_are_computations(change: object, word: str, *, passes: bool) -> None:
    moved = FELL.model_copy(update={"value": Decimal(str(change))})
    assert bool(ground([f"BTC {word} [E3]."], [moved]).kept) == passes


def test_a_great_number_may_be_said_by_its_magnitude() -> None:
    locked = evidence(field="tvl", value="1234567890", unit="USD", assets=("UNI",), words=("tvl",))
    assert ground(["The TVL of UNI was 1.23 billion USD [E1]."], [locked]).kept
    assert ground(["The TVL of UNI was 1,234,567,890 USD [E1]."], [locked]).kept
    assert not ground(["The TVL of UNI was 1.24 billion USD [E1]."], [locked]).kept
    assert not ground(["The TVL of UNI was 1.23 million USD [E1]."], [locked]).kept
    assert not ground(["The price of UNI was 1.23 billion USD [E1]."], [locked]).kept


def test_the_trace_leads_from_a_claim_to_its_computation_and_its_rows() -> None:
    computed = FELL.model_copy(update={"over": "last / first - 1", "rows": ("glass.quote.1", "b")})
    checked = ground(["Nothing.", "BTC fell 10 % [E3]."], [computed])
    (claim,) = checked.claims
    assert (claim.sentence, claim.said, claim.key) == (0, "10", "E3")
    assert (claim.field, claim.over, claim.rows) == (
        "change", "last / first - 1", ("glass.quote.1", "b"),
    )  # fmt: skip


ZEROS = [ord(one) for one in "０٠०০෦᠐"]


@given(value=st.integers(1, 99999), zero=st.sampled_from(ZEROS), place=st.integers(0, 4))
def test_security_no_digit_of_another_script_passes(value: int, zero: int, place: int) -> None:
    written = [*str(value)]
    at = place % len(written)
    written[at] = chr(zero + int(written[at]))
    price = evidence(value=value)
    assert ground([f"The price of BTC was {''.join(written)} AUD [E1]."], [price]).kept == ()


PLACED = st.integers(0, 60)
HIDDEN = st.sampled_from(
    ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\x00", "\U000e0041"]
)


@given(sign=HIDDEN, place=PLACED)
def test_security_no_hidden_character_passes_anywhere(sign: str, place: int) -> None:
    true = "The price of BTC was 64500.25 AUD on coinspot [E1]."
    at = place % (len(true) + 1)
    assert ground([true], WORLD).kept
    assert ground([true[:at] + sign + true[at:]], WORLD).kept == ()


DIGITS = st.text("0123456789", min_size=1, max_size=3)


@given(digits=DIGITS, glue=st.sampled_from(["", ",", ".", " ", "-", "/", "e", "x", "^"]))
def test_security_no_digits_can_be_added_to_a_true_number(digits: str, glue: str) -> None:
    """Whatever is put behind 64500.25 makes another number, or none, never a hidden one."""
    said = f"The price of BTC was 64500.25{glue}{digits} AUD [E1]."
    is_same = glue == "" and not digits.strip("0")
    assert bool(ground([said], WORLD).kept) == is_same


@given(
    day=st.dates(min_value=(NOW - 400 * DAY).date(), max_value=(NOW + 400 * DAY).date()),
    minute=st.integers(0, 1439),
    shape=st.sampled_from(
        ["%Y-%m-%d %H:%M UTC", "%d %B %Y %H:%M", "%B %d, %Y %H:%M UTC", "%Y-%m-%dT%H:%MZ"]
    ),
)
def test_security_no_other_time_passes_in_any_spelling(
    day: object, minute: int, shape: str
) -> None:
    moment = NOW.replace(year=day.year, month=day.month, day=day.day, hour=0, minute=0)
    moment += minute * MINUTE
    true = WORLD[0].times[0]
    said = f"The price of BTC was 64500.25 AUD at {moment.strftime(shape)} [E1]."
    assert bool(ground([said], WORLD).kept) == (moment == true)
    said = f"The price of BTC was 64500.25 AUD at {true.strftime(shape)} [E1]."
    assert ground([said], WORLD).kept


@given(left=st.integers(1, 10**6), right=st.integers(1, 10**6))
def test_security_two_assets_never_swap_their_numbers(left: int, right: int) -> None:
    assume(left != right)
    btc = evidence("E1", value=left)
    eth = evidence("E2", value=right, assets=("ETH",))
    both = [btc, eth]
    for keys in ("[E1][E2]", "[E2] [E1]", "[E1, E2]"):
        assert ground([f"BTC was at {left} AUD and ETH at {right} AUD {keys}."], both).kept
        assert not ground([f"BTC was at {right} AUD and ETH at {left} AUD {keys}."], both).kept
