"""Searches as jobs of a Ray cluster: what is packed, submitted, followed and stopped."""
