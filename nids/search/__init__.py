"""Scheduling with Ray: the only package that knows of it."""
