"""The rulebook, as data: rules found by name in registries, parsed strictly, versioned by date."""
