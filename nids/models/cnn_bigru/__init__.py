"""The CNN-BiGRU with attention."""
