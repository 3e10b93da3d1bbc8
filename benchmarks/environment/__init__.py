"""Benchmarks of the environment itself: speed, equal traces, endurance."""
