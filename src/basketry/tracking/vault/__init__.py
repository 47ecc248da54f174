"""Vault accounting: exact books of a fund with shares, from creation and redemption to fees, staking and events."""
