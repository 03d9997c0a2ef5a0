"""Benchmarks: every figure beside a peer's, measured in the same run on the same machine."""
