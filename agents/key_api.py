"""The door to a user's own model key: write-only, masked, tried before it is kept.

A session that somebody else sits at changes nothing: to store a key and to forget it both take
the user's password.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import redis
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents import keys
from ledgers.api import user_id_of
from ledgers.confirming import LONGEST, WRONG, TooManyTriesError, is_own_password


def own_password() -> serializers.CharField:
    """Make the field in which a user says the password again, as it is."""
    return serializers.CharField(
        write_only=True, max_length=LONGEST, trim_whitespace=False, help_text="Your password."
    )


class KeySerializer(serializers.Serializer[Any]):
    """A key, and the password of who stores it."""

    key = serializers.CharField(
        write_only=True, max_length=keys.LONGEST, help_text="It is never shown again."
    )
    password = own_password()


class PasswordSerializer(serializers.Serializer[Any]):
    """The password of who forgets a key."""

    password = own_password()


class KeyStatusSerializer(serializers.Serializer[Any]):
    """What may be shown of a key."""

    is_set = serializers.BooleanField()
    hint = serializers.CharField(help_text="Its last signs.")
    refused = serializers.CharField(help_text="Why the endpoint refused it; empty if it did not.")


class TooManyKeysError(Throttled):
    """So many keys were tried that the next one has to wait, in seconds."""

    wait: float


class KeysUnreachableError(APIException):
    """How many keys were tried cannot be counted."""

    status_code = 503
    default_detail = "Keys cannot be checked now. Try again in a minute."


@method_decorator(sensitive_post_parameters(), name="dispatch")
class KeyView(APIView):
    """Your own key of the language model."""

    @extend_schema(responses=KeyStatusSerializer)
    def get(self, request: Request) -> Response:
        """Show whether you have a key, masked."""
        return Response(asdict(keys.status_of(user_id_of(request))))

    @extend_schema(request=KeySerializer, responses=KeyStatusSerializer)
    def put(self, request: Request) -> Response:
        """Try a key at the endpoint and keep it, encrypted; at most ten tries an hour."""
        given = KeySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(asdict(stored(request, **given.validated_data)))

    @extend_schema(request=PasswordSerializer, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Forget your key; your password goes in the body."""
        given = PasswordSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        forgotten(request, **given.validated_data)
        return Response(status=204)


def stored(request: Request | HttpRequest, *, key: str, password: str) -> keys.KeyStatus:
    """Keep a key for who asks, or raise what the API answers with."""
    user_id = user_id_of(request)
    with _confirmed(request, password, keys.Try.STORE):
        return keys.set_key(user_id, key, actor=request.user.get_username())


def forgotten(request: Request | HttpRequest, *, password: str) -> None:
    """Forget the key of who asks, or raise what the API answers with."""
    with _confirmed(request, password, keys.Try.FORGET):
        keys.remove_key(user_id_of(request), actor=request.user.get_username())


@contextmanager
def _confirmed(
    request: Request | HttpRequest, password: str, what: keys.Try
) -> Generator[None, None, None]:
    """Count a try, and let it go on only with the user's own password."""
    try:
        if not is_own_password(request.user, password, what=what):
            raise ValidationError({"password": WRONG})
        yield
    except keys.KeyRefusedError as error:
        raise ValidationError({"key": str(error)}) from None
    except TooManyTriesError as error:
        raise TooManyKeysError(wait=error.wait.total_seconds()) from None
    except redis.RedisError as error:
        raise KeysUnreachableError from error
