"""Time-weighted prices of pools: the accumulators as in the contracts, gated reading, and the cost to move them."""
