"""SwiftSage (arXiv 2305.17390): a fast model by imitation, and a slow one that plans when it gets stuck."""
