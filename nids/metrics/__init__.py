"""Figures from labels and probabilities: what they are called, how they are computed, and what they say together."""
