"""Rules that carry out every sub-goal of the grammar from what an agent sees."""
