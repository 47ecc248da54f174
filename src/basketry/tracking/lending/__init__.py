"""Index shares as collateral: rates of lending pools, leverage loops, liquidations and their cascades."""
