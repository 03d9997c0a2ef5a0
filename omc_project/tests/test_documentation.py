"""The schema tells what there is, and the page reads like the schema."""

from __future__ import annotations

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from omc_project.documentation import document
from omc_project.tests.factories import client_of, make_user

pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def operation(schema, path):
    return schema["paths"][path]["get"]


def test_the_schema_is_valid_openapi(schema) -> None:
    validate_schema(schema)
    assert schema["openapi"].startswith("3.1")


def test_every_list_tells_its_parameters_and_its_envelope(schema) -> None:
    quotes = operation(schema, "/api/v1/ledgers/glass/quotes/")
    names = {parameter["name"] for parameter in quotes["parameters"]}
    assert {"as_of", "horizon", "asset", "source", "currency", "cursor", "revisions"} <= names
    moods = operation(schema, "/api/v1/ledgers/human/moods/")
    assert "asset" not in {parameter["name"] for parameter in moods["parameters"]}
    answer = quotes["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    fields = schema["components"]["schemas"][answer.rpartition("/")[2]]["properties"]
    assert set(fields) == {"as_of", "horizon", "quality", "coverage", "results", "next"}


def test_numbers_are_described_as_exact_strings(schema) -> None:
    quote = schema["components"]["schemas"]["Quote"]["properties"]
    assert "string" in quote["bid"]["type"]
    assert quote["bid"]["format"] == "decimal"


def test_every_operation_tells_its_problems(schema) -> None:
    for path in schema["paths"].values():
        for one in path.values():
            assert {"400", "401", "404", "429"} <= set(one["responses"])
            problem = one["responses"]["400"]["content"]
            assert set(problem) == {"application/problem+json"}


def test_no_two_operations_share_a_name(schema) -> None:
    names = [one["operationId"] for path in schema["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))


def test_the_page_shows_every_operation_and_the_fields_of_rows(schema) -> None:
    page = document(schema)
    shown = [(one.method, one.path) for group in page.groups for one in group.operations]
    told = [(method.upper(), path) for path, of in schema["paths"].items() for method in of]
    assert sorted(shown) == sorted(told)
    (quotes,) = [
        one for group in page.groups for one in group.operations if one.path.endswith("/quotes/")
    ]
    fields = {field.name for field in quotes.answer}
    assert {"as_of", "quality.state", "coverage.gaps", "results[].bid"} <= fields


def test_the_page_and_the_schema_are_for_users() -> None:
    assert Client().get("/api/docs/").status_code == 302
    assert Client().get("/api/schema/").status_code == 401
    client = Client()
    client.force_login(make_user())
    page = client.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "/api/v1/ledgers/glass/quotes/" in text
    assert "<script" not in text
    assert 'href="http' not in text
    assert client_of(make_user("bob")).get("/api/schema/").status_code == 200
