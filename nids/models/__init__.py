"""What can be trained, and what of a machine a process may use for it."""
