"""Which rows of a file are held out, where a data set has no file of its own for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nids.datasets.fingerprints import fingerprints

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

_BUCKETS = 1 << 32


def held_out_rows(traffic: Traffic) -> np.ndarray:
    """Return which rows no search may see, bool of shape (rows,).

    The fingerprint of a row's features decides: identical rows are on one side, whatever file or order they come in.
    """
    share = traffic.dataset.hold_out
    if share is None:
        return np.zeros(len(traffic.label), dtype=bool)
    chosen: np.ndarray = fingerprints(traffic.features) % np.uint64(_BUCKETS) < share * _BUCKETS
    return chosen
