"""Sub-goals in functional form: grammar and rule annotator."""

from sgd_gym.subgoals.grammar import PREDICATES, Subgoal, parse
from sgd_gym.subgoals.rules import annotate, option_indices

__all__ = ["PREDICATES", "Subgoal", "annotate", "option_indices", "parse"]
