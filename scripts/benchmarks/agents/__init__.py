"""What conversations ask of the agents: steps on record, states at a glance, answers in time."""

PARTS = ("steps", "states", "questions", "tools")
"""Modules, in the order in which they run; questions and tools grow with --rows."""
