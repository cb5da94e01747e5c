"""What a search has to beat, and the held-out test set."""
