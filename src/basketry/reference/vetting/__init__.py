"""Vetting of venues: how much of a market's reported volume its own data let one believe."""
