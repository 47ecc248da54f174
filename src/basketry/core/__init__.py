"""What every layer shares: errors, instants, numbers, digests and frame schemas."""
