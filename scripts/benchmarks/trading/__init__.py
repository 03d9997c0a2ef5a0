"""What money asks of trading: matching lots, one more fill, and a portfolio at a glance."""

PARTS = ("matches", "books")
"""Modules, in the order in which they run; with the default --rows the sizes are the goals'."""
