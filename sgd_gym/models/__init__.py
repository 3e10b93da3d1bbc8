"""Language models for planner, executor and flat: presets, tokenizer, checkpoints, generation."""
