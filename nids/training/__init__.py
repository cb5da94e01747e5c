"""One trial, and its models trained once more. Nothing here knows of Ray."""
