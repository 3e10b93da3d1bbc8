"""The report: one HTML file with the figures of a benchmark and every game to read; plays nothing."""
