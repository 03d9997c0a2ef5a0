"""Every error is a problem of RFC 9457, whoever made it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import path
from rest_framework.test import APIClient
from rest_framework.views import APIView

from omc_project.tests.factories import client_of, make_user
from omc_project.urls import urlpatterns as own

pytestmark = pytest.mark.usefixtures("ledger")
QUOTES = "/api/v1/ledgers/glass/quotes/"


class Broken(APIView):
    """A view with a defect."""

    def get(self, request):
        raise ZeroDivisionError


urlpatterns = [*own, path("api/v1/broken/", Broken.as_view())]
handler500 = "omc_project.problems.server_error"


def problem_of(response, status):
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert set(body) - {"errors"} == {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert body["detail"]
    return body


def test_who_is_not_logged_in_is_told_how() -> None:
    response = APIClient().get(QUOTES)
    problem_of(response, 401)
    assert response["WWW-Authenticate"] == "Token"


def test_a_path_of_the_api_that_leads_nowhere_is_a_problem() -> None:
    assert "/api/docs/" in problem_of(Client().get("/api/v1/nothing/"), 404)["detail"]


def test_a_page_that_leads_nowhere_is_a_page() -> None:
    response = Client().get("/nothing/")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_a_verb_that_is_not_offered_is_a_problem() -> None:
    problem_of(client_of(make_user()).post(QUOTES, {}, format="json"), 405)


def test_a_body_of_an_unknown_kind_is_a_problem() -> None:
    response = APIClient().post("/api/v1/token/", "<a/>", content_type="application/xml")
    problem_of(response, 415)


@pytest.mark.parametrize(
    "body", ["{", "[]", "null", '{"username": {"a": 1}}', "[" * 10_000, "\x00"]
)
def test_a_body_that_is_no_body_is_a_problem(body) -> None:
    problem_of(APIClient().post("/api/v1/token/", body, content_type="application/json"), 400)


def test_a_body_beyond_the_limit_is_refused_before_it_is_read_whole(settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = '{"username": "' + "x" * 2000 + '"}'
    problem_of(APIClient().post("/api/v1/token/", body, content_type="application/json"), 413)


def test_each_wrong_value_is_named() -> None:
    response = client_of(make_user()).get(QUOTES, {"limit": "x", "nonsense": 1, "more": 2})
    body = problem_of(response, 400)
    assert {error["field"] for error in body["errors"]} == {"nonsense", "more"}
    assert "nonsense" in body["detail"]


def test_an_answer_in_another_format_is_not_acceptable() -> None:
    problem_of(client_of(make_user()).get(QUOTES, headers={"accept": "text/xml"}), 406)


def test_a_wrong_host_is_refused() -> None:
    response = Client().get("/api/v1/nothing/", headers={"host": "evil.example"})
    assert response.status_code == 400


@pytest.mark.urls(__name__)
def test_a_defect_of_ours_is_a_problem_without_a_trace() -> None:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(make_user())
    body = problem_of(client.get("/api/v1/broken/"), 500)
    assert "Zero" not in str(body)
