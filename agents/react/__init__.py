"""ReAct (arXiv 2210.03629): one language model writes a thought and an action at each move."""
