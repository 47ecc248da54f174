"""Market data in memory: the wide panel, quality checks and the simulated market."""
