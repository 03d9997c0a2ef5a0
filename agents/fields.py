"""The words by which a sentence says what a number measures, and when."""

from __future__ import annotations

from collections.abc import Collection

from agents.language.text import any_of

NOW = any_of("now|currently|current|today|newest|latest")
FIELDS = {
    "high": any_of("high|highest|peak|maximum|max"),
    "low": any_of("low|lowest|minimum|min|bottom"),
    "mean": any_of("mean|average|averaged"),
    "volatility": any_of("volatility|deviation|volatile"),
    "change": any_of(
        "rose|fell|gained|lost|change|changed|climbed|dropped|declined|unchanged|return|rise|"
        "fall|gain|loss|up|down|increased|decreased|grew|rallied|advanced|slid|sank|flat"
    ),
    "age": any_of("old|age"),
    "fee": any_of("fee|fees"),
    "filled": any_of("filled"),
    "quantity": any_of("quantity|amount"),
    "scored": any_of("scored"),
    "score": any_of("score|sentiment"),
    "index": any_of("index"),
    "difference": any_of("better|worse|difference|outperformed|underperformed|points"),
    "correlation": any_of("correlation|correlated"),
    "value": any_of("value|valued|together"),
    "total": any_of("total|come to|comes to|altogether"),
    "equity": any_of("equity|come to|comes to"),
    "realized": any_of("realized|realised"),
    "unrealized": any_of("unrealized|unrealised"),
    "income": any_of("income"),
    "price": any_of("price|quoted|traded|worth|closed|cost|bid|ask"),
}


def fields_near(
    text: str, at: int, others: Collection[str] = (), *, without: Collection[str] = ()
) -> frozenset[str]:
    """Return the fields whose word stands nearest to a number; one before it wins a tie.

    Price says least: the mean price is a mean. `others` are fields that are called by their name,
    `without` those that the number cannot be.
    """
    lower = text.lower()
    patterns = {**FIELDS, **{name: any_of(name.replace("_", " ")) for name in others}}
    found = [
        (at - match.end() if match.end() <= at else match.start() - at, match.end() > at, field)
        for field, pattern in patterns.items()
        if field not in without
        for match in pattern.finditer(lower)
    ]
    telling = [one for one in found if one[2] != "price"] or found
    nearest = min((one[:2] for one in telling), default=None)
    return frozenset(field for *place, field in telling if tuple(place) == nearest)
