"""Learners of Stable-Baselines3 and sb3-contrib over options, or over commands."""
