"""Data files in, labelled or unlabelled rows out."""
