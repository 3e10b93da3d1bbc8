"""Language models behind an API: where they are asked, with budget, cache and back-off."""
