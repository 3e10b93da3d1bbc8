"""Environments around the ScienceWorld simulator."""
