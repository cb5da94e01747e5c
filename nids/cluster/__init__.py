"""Ray as infrastructure: connections, placement, shared objects, jobs."""
