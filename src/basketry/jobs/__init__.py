"""One file a use case: load, compute, keep. The only layer that knows both the adapters and the calculation."""
