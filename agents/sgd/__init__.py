"""Sub-goal Distillation (arXiv 2405.02749): planner and executor."""
