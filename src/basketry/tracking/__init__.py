"""Products that follow an index: what they trade, what it costs, and how close they stay."""
