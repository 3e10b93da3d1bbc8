"""Sub-goal distillation on ScienceWorld: environments, agents and benchmarks.

Importing the package registers its environments with Gymnasium; it loads neither torch nor a JVM.
"""

from sgd_gym.registration import register_all

__version__ = "0.1.0"

register_all()
