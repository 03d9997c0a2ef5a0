"""The words an answer may use outside quotation marks and beyond what its evidence allows.

A closed list is what makes a hostile model harmless: without a word for it, it cannot say that
a coin was hacked, that one should buy, or repeat what an injected headline demands.
"""

from __future__ import annotations

from agents.language.text import vocabulary

WORDS = frozenset(
    vocabulary(
        """
    a about above across added advanced after age ago ahead alike all also among amount an
    and are article articles as asset assets at average averaged based beat because been
    before behind below best better between both bottom but by can cannot change changed
    cited climbed closed coin coin's coins compared computed cost covered crypto currency
    daily data date day days declined decreased deviation did difference do does doubled
    down drop dropped during e each eight eleven end ended ending equal equally event events
    evidence exact exactly fall fallen falls fee feed feeds fees fell field fill fills first
    five flat for form found four from full gain gained gains given grew had halved has have
    headline headlines here high higher highest hour hours however in increased index into
    is it it's item items its itself known last later latest least ledger ledgers less lose
    loss lost low lower lowest market market's max maximum mean meanwhile measured min
    minimum minute minutes more newest next nine no none not now number observed of old
    older on one only open or order orders other out outperformed over overall own part
    parts peak per percent percentage period point points post posts price prices published
    quantity quote quoted quotes rallied range rate ratio recent recorded repeated
    respectively return returns rise risen rises rose row rows s same sank scale score
    scored scores sentiment seven shed show shown shows since six slid source sources
    standard started starting stood stored stronger takes ten text than that the their them
    then there these they this those three through time times to together total traded
    trading twelve two unchanged under underperformed until up utc value values volatile
    volatility was weaker were what when where which while whole window with within without
    worse worst worth written wrote year you your zero
    """
    )
)
