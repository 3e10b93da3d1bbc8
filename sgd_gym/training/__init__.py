"""From annotated episodes to checkpoints."""
