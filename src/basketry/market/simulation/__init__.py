"""The parts of the simulated market: roster, factors, supplies, prices, reference data and activity."""
