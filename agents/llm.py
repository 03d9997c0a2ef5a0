"""The language model: at most a plan and a draft, one repair each, by our own clock.

It is imported only when a question asks for it, because langchain and openai cost 90 MB. What
the model says is untrusted: its plan is checked against the tools' schemas, its draft goes
through the grounding like everybody's. Any fault raises `ModelFaultError`; the planner goes on.
"""

from __future__ import annotations

import contextvars
import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import openai
from django.views.decorators.debug import sensitive_variables
from langchain.messages import AIMessage, HumanMessage
from langchain_core.messages import BaseMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from agents import briefs, budget, transport
from agents.budget import Purse, Request
from agents.endpoint import Endpoint
from agents.evidence import Evidence
from agents.faults import Fault, ModelFaultError, RepairableError
from agents.models import ModelCall
from agents.plans import Step
from agents.proposals import offered, steps_of
from agents.tools.registry import Tool

logger = logging.getLogger(__name__)
T = TypeVar("T")
Purpose = ModelCall.Purpose
MOST_TOKENS = 1_000
MOST_TEXT = 20_000
KINDS: tuple[tuple[type[Exception], Fault], ...] = (
    (openai.AuthenticationError, Fault.KEY),
    (openai.PermissionDeniedError, Fault.KEY),
    (openai.NotFoundError, Fault.MODEL),
    (openai.RateLimitError, Fault.BUSY),
    (openai.InternalServerError, Fault.BROKEN),
    (openai.APITimeoutError, Fault.LATE),
    (openai.APIConnectionError, Fault.UNREACHABLE),
    (openai.APIStatusError, Fault.REFUSED),
)
TOO_LONG = frozenset({"context_length_exceeded", "string_above_max_length"})
TOO_LARGE = 413


class LanguageModel:
    """One question's use of the model; `deadline` is the wall clock it has in all, seconds."""

    @sensitive_variables()
    def __init__(self, endpoint: Endpoint, purse: Purse, *, deadline: float) -> None:
        self._end = time.monotonic() + deadline
        self._http = transport.client(deadline)
        self._endpoint, self._purse = endpoint, purse
        self._chat = ChatOpenAI(
            model=endpoint.model,
            api_key=SecretStr(endpoint.key),
            base_url=endpoint.url,
            openai_proxy="",
            temperature=0,
            timeout=deadline,
            max_retries=0,
            max_completion_tokens=MOST_TOKENS,
            http_client=self._http,
        )

    def plan(
        self, question: str, prior: Sequence[str], tools: Mapping[str, Tool], clock: datetime
    ) -> list[Step]:
        """Return the calls the model wants, each one checked, or raise `ModelFaultError`."""
        known = [offered(tools[name]) for name in sorted(tools)]
        asked = briefs.planning(question, prior, clock)
        return self._twice(
            Purpose.PLAN, asked, lambda reply: steps_of(reply, tools, clock), tools=known
        )

    def draft(self, question: str, evidence: Sequence[Evidence]) -> str:
        """Return the model's text about the evidence, or raise `ModelFaultError`."""
        return self._twice(Purpose.DRAFT, briefs.drafting(question, evidence), _text, tools=[])

    def close(self) -> None:
        """Give the connection back; a request that still runs ends with an error."""
        self._http.close()

    def _twice(
        self,
        purpose: Purpose,
        messages: list[BaseMessage],
        read: Callable[[AIMessage], T],
        *,
        tools: Sequence[dict[str, Any]],
    ) -> T:
        """Ask once, and once more with what was wrong."""
        try:
            return read(self._ask(purpose, messages, tools))
        except RepairableError as error:
            repair = HumanMessage(f"That cannot be used: {error} Answer again by the rules.")
        try:
            return read(self._ask(purpose, [*messages, repair], tools))
        except RepairableError as again:
            fault = Fault.PLAN if purpose == Purpose.PLAN else Fault.DRAFT
            raise ModelFaultError(fault, str(again)) from again

    def _ask(
        self, purpose: Purpose, messages: list[BaseMessage], tools: Sequence[dict[str, Any]]
    ) -> AIMessage:
        """Reserve the money for one request, make it, and count what it cost."""
        if time.monotonic() >= self._end:
            raise ModelFaultError(Fault.LATE)
        written = json.dumps([[one.type, one.content] for one in messages] + [*tools])
        call = budget.reserve(
            self._purse,
            Request(
                purpose=purpose,
                model=self._endpoint.model,
                prompt_hash=hashlib.sha256(written.encode()).hexdigest(),
                tokens_in=budget.estimated(len(written.encode())),
                tokens_out=MOST_TOKENS,
            ),
        )
        try:
            reply = self._requested(messages, tools)
        except ModelFaultError as error:
            budget.settle(call, None, error.fault)
            raise
        budget.settle(call, _used(reply), "answered")
        if len(str(reply.content)) > MOST_TEXT:
            raise ModelFaultError(Fault.REPLY)
        return reply

    def _requested(self, messages: list[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage:
        """Make one request within what is left of the deadline, by our clock.

        A library's time-out counts each read anew, so that a drip of bytes never ends it: the
        request runs in a thread, and is given up when the time is over. The thread takes the
        context along, in which tracing is switched off.
        """
        chat = self._chat.bind_tools(tools) if tools else self._chat
        box: dict[str, Any] = {}

        def request() -> None:
            try:
                box["reply"] = chat.invoke(messages)
            except Exception as error:  # noqa: BLE001  # the border of a foreign library and server
                box["error"] = error

        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(request,), name="omc-model", daemon=True
        )
        thread.start()
        thread.join(max(self._end - time.monotonic(), 0))
        if thread.is_alive():
            self.close()
            raise ModelFaultError(Fault.LATE)
        if "error" in box:
            raise self._fault(box["error"])
        if not isinstance(box["reply"], AIMessage):
            raise ModelFaultError(Fault.REPLY)
        return box["reply"]

    def _fault(self, error: Exception) -> ModelFaultError:
        """Tell what an error means, without a word of what the endpoint said."""
        logger.warning("The model failed: %s", type(error).__name__)
        fault = next((fault for kind, fault in KINDS if isinstance(error, kind)), Fault.REPLY)
        if isinstance(error, openai.APIStatusError) and (
            error.status_code == TOO_LARGE or error.code in TOO_LONG
        ):
            fault = Fault.LENGTH
        if fault == Fault.KEY:
            self._endpoint.refuse_key()
        return ModelFaultError(fault, type(error).__name__)


def _used(reply: AIMessage) -> tuple[int, int] | None:
    """Return the tokens in and out as the endpoint counted them, if it did."""
    usage = reply.usage_metadata
    if not usage:
        return None
    return max(usage["input_tokens"], 0), max(usage["output_tokens"], 0)


def _text(reply: AIMessage) -> str:
    """Return the text of a draft; a draft has no tools, so a call is refused."""
    if reply.tool_calls or reply.invalid_tool_calls:
        raise RepairableError("A draft calls no tools.")
    text = str(reply.text)
    if not text.strip():
        raise RepairableError("The draft is empty.")
    return text
