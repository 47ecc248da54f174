"""Real-time rates from order books: books kept message by message, merged, and read as price against volume."""
