"""What moves a reference price, by how much, and what it costs."""
