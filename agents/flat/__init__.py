"""Flat imitation: the baseline without sub-goals."""
