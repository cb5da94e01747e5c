"""NSL-KDD, and a synthetic sample in its form."""
