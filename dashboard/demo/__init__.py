"""The demonstration: a run that comes with the dashboard."""
