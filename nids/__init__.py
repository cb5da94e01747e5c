"""Distributed hyperparameter search for network intrusion detection."""
