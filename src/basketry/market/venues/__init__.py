"""The venue layer of the simulated market: trades, quotes and books of many venues, with faults and scenarios."""
