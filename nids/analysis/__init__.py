"""A run in, numbers out: what the report and the dashboard say."""
