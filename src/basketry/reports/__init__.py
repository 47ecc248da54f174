"""Documents of an index: the methodology in words, the factsheet, pictures."""
