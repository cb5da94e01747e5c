"""What several pages are built of."""
