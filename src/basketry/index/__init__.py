"""Index mathematics: rulebook and prices in; compositions, divisor, levels and evidence out."""
