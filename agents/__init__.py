"""Agents: policies over commands, with or without sub-goals."""
