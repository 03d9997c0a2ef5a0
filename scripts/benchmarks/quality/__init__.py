"""What an operator asks each minute: is every feed fresh, is every day whole."""

PARTS = ("freshness", "days")
"""Modules, in the order in which they run."""
