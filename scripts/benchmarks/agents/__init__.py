"""What conversations ask of the agents: steps on record, states at a glance, answers in time."""

PARTS = ("steps", "states", "questions")
"""Modules, in the order in which they run; only the questions grow with --rows."""
