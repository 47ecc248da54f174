"""What an index is worth to the person who has to choose one: figures, warnings, comparisons."""
