"""Benchmarks: protocols, runs, statistics and reports."""
