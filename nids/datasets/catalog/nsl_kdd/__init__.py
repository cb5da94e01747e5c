"""NSL-KDD: KDD Cup 1999 without its redundant records."""

from nids.datasets.catalog.nsl_kdd.dataset import DATASET

__all__ = ["DATASET"]
