"""From oracle paths to checkpoints: collect, annotate, train."""
