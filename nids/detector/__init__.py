"""The saved model and its use."""
