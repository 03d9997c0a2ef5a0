"""The words an answer may use outside quotation marks and beyond what its evidence allows.

A closed list is what makes a hostile model harmless: without a word for it, it cannot say that
a coin was hacked, that one should buy, why a price moved, or repeat what an injected headline
demands. What counts things (articles, filings) and what names states (fresh, stale) comes from
the evidence alone; stretches of time are checked with their numbers.
"""

from __future__ import annotations

from agents.language.text import vocabulary

WORDS = frozenset(
    vocabulary(
        """
    a about account accounts across added advanced after age ago ahead alike all also altogether
    among amount an and are as ask asset assets at average averaged based beat been before behind
    better between bid bottom but by change changed changes cited climbed close closed coin coin's
    coins come comes compared computed correlated correlation cost covered crypto currency current
    currently daily data declined decreased deviation did difference do does doubled down drop
    dropped during eight eleven end ended ending equal equally equity event events evidence exact
    exactly fall fallen falls fee feed feeds fees fell field fill filled fills first five flat for
    form found four from full further gain gained gains given grew had halved has have here high
    higher highest hold holding holdings holds however in increased index into income is it its
    item items itself last later latest least ledger ledgers left lose loss lost low lower lowest
    market market's max maximum mean meanwhile measured method min minimum newest next nine now
    number observed of old older on one open opened or order orders other out outperformed over
    overall own part parts peak period price prices published quantity quote quoted quotes rallied
    range rate ratio realised realized record recorded recent records respectively result return
    returns rise risen rises rose row rows s same sank scale score scored scores sentiment seven
    shed show shown shows since six slid source sources standard start started starting stood
    stored stronger ten text than that the their them then there these they this those three
    through time times to together total traded trading twelve two unchanged under underperformed
    unrealised unrealized until up utc value valued values volatile volatility was weaker were
    what when where which while whole window with within worse worth wrote you your zero
    """
    )
)
