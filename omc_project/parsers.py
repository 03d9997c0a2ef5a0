"""Bodies of requests: JSON of a sane size and depth."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class TooLargeError(APIException):
    """A body is larger than any request of this API needs."""

    status_code = 413
    default_detail = "The body is too large."
    default_code = "too_large"


class BoundedJSONParser(JSONParser):
    """Read JSON; what is too large or too deep is the client's error, not a crash of ours."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what the body says."""
        limit = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLargeError(f"The body is larger than {limit} bytes.")
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
