"""A shape is what an answer looks like without what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ledgers.collecting.errors import DriftError
from ledgers.collecting.shapes import differences, shape_of

documents = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=3),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def told(recorded: Any, found: Any) -> list[str]:
    bodies = [
        one if isinstance(one, bytes) else json.dumps(one).encode() for one in (recorded, found)
    ]
    return list(differences(*map(shape_of, bodies)))


@given(document=documents)
def test_nothing_differs_from_itself(document) -> None:
    assert told(document, document) == []


def test_what_may_be_null_or_missing_may_be_so() -> None:
    recorded = [{"a": 1, "b": None}, {"a": None, "c": "x"}]
    assert told(recorded, [{"a": 2, "b": "text"}]) == []
    assert told(recorded, [{"b": None}]) == ["[].a is gone, was null or number"]
    assert told(recorded, []) == []


def test_a_map_of_two_is_known_by_members_that_are_alike() -> None:
    recorded = {"btc": {"bid": 1}, "eth": {"bid": 2}}
    assert told(recorded, {"sol": {"bid": 3}}) == []
    assert told(recorded, {"sol": {"bid": "3"}}) == ["*.bid is string, was number"]
    assert told({"sol": {"bid": 3}}, recorded) == []


def test_an_object_of_scalars_is_no_map() -> None:
    assert told({"slow": 1, "fast": 2}, {"slow": 1, "fastest": 2}) == [
        "fast is gone, was number",
        "fastest is new, number",
    ]


def test_columns_of_equal_lists_are_told_by_name() -> None:
    assert told({"form": ["a"], "cik": ["b"]}, {"form": ["a"], "CIK": ["b"]}) == [
        "cik is gone, was array",
        "CIK is new, array",
    ]


def test_the_places_of_a_row_are_told_apart() -> None:
    recorded = [[1700000000, "1.0", "2.0"], [1700000060, "1.1", "2.1"]]
    assert told(recorded, [[1700000000, "1.5", "2.5"]]) == []
    assert told(recorded, [[1700000000, 1.5, "2.5"]]) == ["[].1 is number, was string"]
    assert told(recorded, [[1700000000, "1.5"]]) == ["[].2 is gone, was string"]


def test_xml_is_told_by_tags_and_attributes() -> None:
    recorded = b'<rss version="2"><item><guid isPermaLink="no">1</guid><title/></item></rss>'
    assert told(recorded, recorded.replace(b"<title/>", b"<title>text</title>")) == []
    assert told(recorded, b'<rss version="2"><item><guid>1</guid><name/></item></rss>') == [
        "rss[].item[].guid[].@isPermaLink is gone, was string",
        "rss[].item[].title is gone, was array",
        "rss[].item[].name is new, array",
    ]
    assert told(recorded, b"<feed/>") == ["rss is gone, was array", "feed is new, array"]


@pytest.mark.parametrize(
    "body", [b"", b"a,b", b"<rss>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>']
)
def test_what_is_neither_json_nor_safe_xml_is_drift(body) -> None:
    with pytest.raises(DriftError):
        shape_of(body)
