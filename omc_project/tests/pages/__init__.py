"""A source that exists only in the programs of one test."""

PAGES = 100
