"""Which rows of a file are held out, where a data set has no file of its own for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.datasets.fingerprints import fingerprints
from nids.datasets.times import between_times
from nids.errors import UserError
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.traffic import Traffic

_BUCKETS = 1 << 32


def held_out_rows(traffic: Traffic) -> np.ndarray:
    """Return which rows no search may see, bool of shape (rows,), as the data set's ``hold_out_by`` says.

    * By rows, the fingerprint of a row's features decides: identical rows are on one side, whatever file or order they
      come in.
    * By group, the fingerprint of the group's name decides, so that a group is on one side whatever else is in the
      file. ``hold_out`` is then the share of the groups that can be expected, not of the rows.
    * By time, the last ones are held out: as many as ``hold_out`` says, but for a few where rows of one time would be
      parted, which are all on the nearer side.

    By group and by time, rows with the same features may be on both sides, as they are in traffic to come; an
    evaluation tells how many, and its figures without them.

    Raises:
        UserError: All groups or none would be held out, or there is one time alone.
    """
    dataset = traffic.dataset
    if dataset.hold_out is None:
        return np.zeros(len(traffic.label), dtype=bool)
    if dataset.hold_out_by == "time":
        return _last_rows(traffic, dataset.hold_out)
    if dataset.hold_out_by == "group":
        return _rows_of_groups(traffic, dataset.hold_out)
    return _places(traffic.features) < dataset.hold_out


def by_each_row(dataset: DatasetSpec) -> bool:
    """Return whether each row tells by itself if it is held out, whatever other rows there are."""
    return dataset.hold_out is None or dataset.hold_out_by == "rows"


def held_out_in_words(dataset: DatasetSpec, source: str) -> str:
    """Return what ``held_out_rows`` holds out of a file, such as "20 % of flows.csv"."""
    share = f"{100 * (dataset.hold_out or 0):g} %"
    match dataset.hold_out_by:
        case "group":
            return f"{share} of the groups of {source}"
        case "time":
            return f"the last {share} of {source}"
    return f"{share} of {source}"


def _places(columns: pd.DataFrame) -> np.ndarray:
    """Return where rows stand by their fingerprints, float64 of shape (rows,), evenly spread over 0 to 1."""
    return (fingerprints(columns) % np.uint64(_BUCKETS)).astype(np.float64) / _BUCKETS


def _rows_of_groups(traffic: Traffic, share: float) -> np.ndarray:
    assert traffic.group is not None, traffic.source
    codes, names = pd.factorize(traffic.group)
    places = _places(pd.DataFrame({"group": pd.Series(names, dtype="str")}))
    chosen = places < share
    if not chosen.any() or chosen.all():
        at_least, below = places.min(), places.max()
        raise UserError(
            f"{traffic.source}: hold_out = {share:g} by group holds out {'all' if chosen.any() else 'none'} of the "
            f"{counted(len(names), 'group')} ({traffic.dataset.group_column}), as the hashes of their names fall. "
            + (
                f"Some are held out, and not all, by a share above {at_least:.4f} and up to {below:.4f}."
                if len(names) > 1
                else "Use a column with several groups."
            )
        )
    return chosen[codes]


def _last_rows(traffic: Traffic, share: float) -> np.ndarray:
    assert traffic.time is not None, traffic.source
    ordered = np.sort(traffic.time)
    first = between_times(ordered, round((1 - share) * len(ordered)))
    if first == 0:
        raise UserError(
            f'{traffic.source}: hold_out_by is "time", but all rows have the same ({traffic.dataset.time_column}). Use '
            'another column, or hold_out_by = "rows".'
        )
    held_out: np.ndarray = traffic.time >= ordered[first]
    return held_out
