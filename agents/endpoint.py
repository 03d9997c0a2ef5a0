"""Where the language model is, and whose key opens it: the user's own, else the installation's."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from agents.faults import Fault, ModelFaultError
from agents.keys import OPENAI, KeyRefusedError, note_refusal, own_key

DEFAULT_MODEL = "gpt-4o-mini"
KEYLESS = "none"
"""Sent to an endpoint that needs no key: the protocol wants something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint of the chat protocol; the key does not show itself.

    `owner` is the user whose own key it is, or None for the installation's.
    """

    url: str
    model: str
    key: str = field(repr=False)
    owner: int | None = None

    def refuse_key(self) -> None:
        """Use a user's key no more that the endpoint refuses; the installation's is logged."""
        if self.owner is not None:
            note_refusal(self.owner, reason="The endpoint refuses it.")


@sensitive_variables()
def endpoint_of(user_id: int | None) -> Endpoint:
    """Return the endpoint with the key to use for a user; raise `ModelFaultError` without one.

    A user's own key never leads to another host than the installation's.
    """
    try:
        own = own_key(user_id, purpose="question")
    except KeyRefusedError as error:
        raise ModelFaultError(Fault.KEY) from error
    if own is None and not settings.OPENAI_API_KEY and not settings.OPENAI_BASE_URL:
        raise ModelFaultError(Fault.UNSET)
    return Endpoint(
        url=settings.OPENAI_BASE_URL or OPENAI,
        model=settings.OMC_MODEL or DEFAULT_MODEL,
        key=own.value if own else settings.OPENAI_API_KEY or KEYLESS,
        owner=user_id if own else None,
    )
