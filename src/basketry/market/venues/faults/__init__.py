"""What goes wrong at venues, and who makes it go wrong: one small frozen class a fault, composed by `inject`."""
