"""Secondary market of an index token: pool against basket, arbitrage, premium, providers' return, liquidity needed."""
