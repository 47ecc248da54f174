"""Reference prices: from the trades, quotes and books of many venues to one price for each asset, with its evidence."""
