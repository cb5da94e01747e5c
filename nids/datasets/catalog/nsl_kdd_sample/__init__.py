"""Synthetic traffic in NSL-KDD's schema, for when the real data are not at hand."""

from nids.datasets.catalog.nsl_kdd_sample.sample import DATASET, generate

__all__ = ["DATASET", "generate"]
