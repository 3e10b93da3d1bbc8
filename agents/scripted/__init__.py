"""Rules that carry out every sub-goal of the grammar from what an agent sees."""

from sgd_gym.agents.scripted.executor import ScriptedExecutor

__all__ = ["ScriptedExecutor"]
