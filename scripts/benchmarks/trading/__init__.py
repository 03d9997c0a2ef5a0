"""What money asks of trading: matching lots, one more fill, and a portfolio at a glance."""

PARTS = ("matches", "books")
"""Modules, in the order in which they run; the sizes are those of the goals, whatever --rows."""
