"""A student whose games a guide finishes: what leads out of where it has gone wrong, to learn from."""
