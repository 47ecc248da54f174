"""Rates from trades: one rule, one small file; the registry is `basketry.reference.rate.RATES`."""
