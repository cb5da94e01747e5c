"""What the pages read, and keep while the server runs."""
