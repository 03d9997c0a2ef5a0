"""What large data asks of the four ledgers: ingest, ticks, reads, pages and rounds."""

PARTS = ("ingest", "memory", "candles", "quotes", "matrix", "rounds")
"""Modules, in the order in which they run; each measures for a large size of so many rows."""
