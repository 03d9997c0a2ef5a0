"""What can go wrong with a language model, each with the one sentence that a person is told.

    ModelFaultError     the planner does the model's part, and the answer says so
    RepairableError     a reply that breaks a rule; the model is told once, then it is a fault

Nothing that the endpoint said stands in a sentence of ours: it is untrusted, whatever its status.
"""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """Why a model was not used, or not any further."""

    UNSET = "unset"
    KEY = "key"
    MODEL = "model"
    LENGTH = "length"
    REFUSED = "refused"
    BUSY = "busy"
    BROKEN = "broken"
    UNREACHABLE = "unreachable"
    LATE = "late"
    REPLY = "reply"
    PLAN = "plan"
    DRAFT = "draft"
    UNGROUNDED = "ungrounded"
    QUESTION = "question"
    SESSION = "session"
    USER = "user"
    SYSTEM = "system"


SENTENCES = {
    Fault.UNSET: "No language model is configured: set OPENAI_API_KEY, or store a key of yours.",
    Fault.KEY: "The endpoint refuses the key of the model. Store another one.",
    Fault.MODEL: "The endpoint does not have the model. Look at OMC_MODEL.",
    Fault.LENGTH: "The question needs more text than the model takes. Ask for less at once.",
    Fault.REFUSED: "The endpoint refuses the request.",
    Fault.BUSY: "The endpoint asks to wait.",
    Fault.BROKEN: "The endpoint is broken.",
    Fault.UNREACHABLE: "The endpoint cannot be reached.",
    Fault.LATE: "The model did not answer in time.",
    Fault.REPLY: "The reply of the model has another shape.",
    Fault.PLAN: "The model made no plan that could be used.",
    Fault.DRAFT: "The model wrote no draft that could be used.",
    Fault.UNGROUNDED: "Nothing of the model's draft was borne out by the evidence.",
    Fault.QUESTION: "The question has used up what it may ask of the model.",
    Fault.SESSION: "The session has used up what it may ask of the model. Begin another one.",
    Fault.USER: "Your budget for the model is used up for today.",
    Fault.SYSTEM: "The installation's budget for the model is used up for today.",
}


class ModelFaultError(RuntimeError):
    """The model did not do its part; the planner does it instead. `detail` is for the log."""

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(SENTENCES[fault])
        self.fault = fault
        self.detail = detail


class RepairableError(ValueError):
    """A reply that breaks a rule, in words for the model alone; they may repeat what it said."""
