"""Every error of the API as RFC 9457 problem details, also those that no view made.

{"type": "about:blank", "title": "Bad Request", "status": 400,
 "detail": "One parameter is wrong.",
 "errors": [{"field": "as_of", "detail": "Give a zone: ..."}]}
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import psycopg
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

MEDIA_TYPE = "application/problem+json"
API = "/api/"
logger = logging.getLogger(__name__)


class DatabaseAwayError(exceptions.APIException):
    """The database cannot be reached, ended the connection, waits too long, or only reads now."""

    status_code = 503
    default_detail = "The database does not answer. Try again in a minute."
    wait = 60


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an error of a view into a problem; None for what is no answer but a defect."""
    if is_away(error):
        logger.error("The database does not answer.", exc_info=error)
        error = DatabaseAwayError()
    response = drf_handler(error, context)
    if response is None:
        return None
    errors = list(_errors(error.detail)) if isinstance(error, exceptions.ValidationError) else []
    response.data = problem(response.status_code, _detail(error, errors), errors=errors)
    response.content_type = MEDIA_TYPE
    return response


def is_away(error: Exception) -> bool:
    """Tell whether it is the database that fails, not what was asked of it."""
    is_read_only = isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction)
    return is_read_only or isinstance(error, OperationalError | InterfaceError)


def problem(
    status: int, detail: str, *, errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """Return the body of a problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return body | ({"errors": errors} if errors else {})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request that Django itself refuses."""
    if not request.path.startswith(API):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return _answer(413, "The body is too large.")
    return _answer(400, "The request is malformed.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request that is not allowed."""
    if not request.path.startswith(API):
        return defaults.permission_denied(request, exception)
    return _answer(403, "You may not do that.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a path that leads nowhere."""
    if not request.path.startswith(API):
        return defaults.page_not_found(request, exception)
    return _answer(404, "Nothing is here. See /api/docs/ for what there is.")


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer a request that met a defect of ours; the log has it."""
    if not request.path.startswith(API):
        return defaults.server_error(request)
    return _answer(500, "An error of ours. The log of the server tells more.")


def document(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the problems that every operation may answer with; a hook of drf-spectacular."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM_SCHEMA
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in result.get("paths", {}).values():
        for operation in path.values():
            for status in DOCUMENTED:
                answer = {"description": HTTPStatus(status).phrase, "content": content}
                operation["responses"].setdefault(str(status), answer)
    return result


DOCUMENTED = (400, 401, 403, 404, 405, 406, 415, 429)
PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def _answer(status: int, detail: str) -> HttpResponse:
    return JsonResponse(problem(status, detail), status=status, content_type=MEDIA_TYPE)


def _detail(error: Exception, errors: list[dict[str, str]]) -> str:
    if len(errors) == 1:
        return (
            f"{errors[0]['field']}: {errors[0]['detail']}"
            if errors[0]["field"]
            else errors[0]["detail"]
        )
    if errors:
        return f"{len(errors)} values are wrong: {', '.join(one['field'] for one in errors)}."
    if isinstance(error, exceptions.APIException):
        return str(error.detail)
    if isinstance(error, Http404):
        return "Nothing is here, or it is not yours."
    if isinstance(error, PermissionDenied):
        return "You may not do that."
    raise TypeError(f"{error!r} is no error that a view may raise.")


def _errors(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
    """Yield each field error on its own, nested ones by a dotted name."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _errors(inner, f"{field}.{name}" if field else str(name))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _errors(inner, field)
    else:
        yield {"field": "" if field == "non_field_errors" else field, "detail": str(detail)}
