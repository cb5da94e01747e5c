"""Synthetic traffic in NSL-KDD's schema, for when the real data are not at hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.datasets.catalog import nsl_kdd
from nids.datasets.catalog.nsl_kdd_sample.profiles import BEHAVIOURS
from nids.errors import UserError

if TYPE_CHECKING:
    from nids.datasets.catalog.nsl_kdd_sample.profiles import Behaviour

DATASET = replace(
    nsl_kdd.DATASET,
    name="nsl-kdd-sample",
    files=(),
    aliases={},
    synthetic=True,
    citation="Synthetic rows in the schema of NSL-KDD, drawn from profiles written by hand",
    mirrors=(),
    published=(),
)

# Rows of each class in KDDTrain+, whose shares the sample has.
CLASS_ROWS = {"Normal": 67_343, "DoS": 45_927, "Probe": 11_656, "R2L": 995, "U2R": 52}
# Two for each of five folds, and some to interpolate between, however small the sample is.
MIN_CLASS_ROWS = 12

_SYN_ERRORS = ("S0", "S1", "S2", "S3", "SH")
_REJECTIONS = ("REJ", "RSTR", "RSTO", "RSTOS0")
_UNANSWERED = ("S0", "SH", "REJ", "RSTOS0")
_NEEDS_AN_ANSWER = (
    "duration",
    "src_bytes",
    "dst_bytes",
    "logged_in",
    "hot",
    "num_failed_logins",
    "num_compromised",
)
# What the two windows of KDD Cup 1999 can count at most: of two seconds, and of connections to one host.
_MOST_IN_TWO_SECONDS, _MOST_TO_HOST = 511, 255
# How much of an error rate comes from connections like the row's own; the rest is the behaviour's average.
_LIKE_THE_ROW, _LIKE_THE_ROW_ON_HOST = 0.85, 0.5


def generate(rows: int, seed: int) -> pd.DataFrame:
    """Return synthetic rows, the same for the same arguments, in random order: all columns, and the attack's name.

    Args:
        rows: How many. Classes have the shares of KDDTrain+, but at least ``MIN_CLASS_ROWS`` rows each.
        seed: Seeds the draw.

    Raises:
        UserError: There are too few rows for all classes.
    """
    rng = np.random.default_rng(seed)
    blocks = [
        _block(behaviour, size, rng)
        for name, class_size in class_sizes(rows).items()
        for behaviour, size in _behaviours(name, class_size, rng)
    ]
    return pd.concat(blocks, ignore_index=True).iloc[rng.permutation(rows)].reset_index(drop=True)


def class_sizes(rows: int) -> dict[str, int]:
    """Return the number of rows of each class in a sample of ``rows`` rows.

    Raises:
        UserError: There are too few rows for all classes.
    """
    if rows < MIN_CLASS_ROWS * len(CLASS_ROWS):
        raise UserError(
            f"rows is {rows}, but a sample needs at least {MIN_CLASS_ROWS * len(CLASS_ROWS)}: "
            f"{MIN_CLASS_ROWS} of each class. Ask for more rows."
        )
    total = sum(CLASS_ROWS.values())
    sizes = {name: max(MIN_CLASS_ROWS, round(rows * count / total)) for name, count in CLASS_ROWS.items()}
    surplus = sum(sizes.values()) - rows
    for _ in range(abs(surplus)):
        sizes[max(sizes, key=sizes.__getitem__)] -= int(np.sign(surplus))
    return sizes


def _behaviours(name: str, size: int, rng: np.random.Generator) -> list[tuple[Behaviour, int]]:
    class_of = nsl_kdd.DATASET.label_maps[0].class_of_label
    behaviours = [behaviour for behaviour in BEHAVIOURS if class_of[behaviour.attack] == name]
    weights = np.array([behaviour.weight for behaviour in behaviours])
    sizes = rng.multinomial(size, weights / weights.sum())
    return [(behaviour, int(number)) for behaviour, number in zip(behaviours, sizes, strict=True) if number]


def _block(behaviour: Behaviour, size: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return rows of one behaviour: all features, and the attack's name."""
    connections = pd.DataFrame(
        [connection.split() for connection in behaviour.connections],
        columns=["protocol_type", "service", "flag"],
    )
    weights = np.array(list(behaviour.connections.values()), dtype=np.float64)
    weights /= weights.sum()
    chosen = rng.choice(len(weights), size, p=weights)
    drawn = {name: distribution.draw(rng, size) for name, distribution in behaviour.values.items()}
    windows = _windows(behaviour.same_service, drawn, size, rng)
    for error, flags in (("serror", _SYN_ERRORS), ("rerror", _REJECTIONS)):
        failed = connections["flag"].isin(flags).to_numpy(np.float64)
        windows |= _error_rates(error, failed[chosen], float(weights @ failed), windows, rng)
    rows = connections.iloc[chosen].reset_index(drop=True)
    values = {column.name: np.zeros(size) for column in DATASET.numeric} | drawn | windows
    unanswered = rows["flag"].isin(_UNANSWERED).to_numpy()
    values |= {name: np.where(unanswered, 0, values[name]) for name in _NEEDS_AN_ANSWER}
    return rows.assign(**values, attack=behaviour.attack)


def _windows(
    same_service: float, drawn: dict[str, np.ndarray], size: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the features about the last two seconds and the last connections to the host, without errors."""
    none, one = np.zeros(size), np.ones(size)
    count = np.clip(drawn.get("count", one), 1, _MOST_IN_TWO_SECONDS)
    same = 1 + rng.binomial(count.astype(np.int64) - 1, same_service)
    srv_count = np.clip(same + drawn.pop("elsewhere", none), 1, _MOST_IN_TWO_SECONDS)
    host_count = np.clip(drawn.get("dst_host_count", one), 1, _MOST_TO_HOST)
    host_srv_count = np.clip(drawn.get("dst_host_srv_count", one), 1, _MOST_TO_HOST)
    host_same = np.minimum(host_srv_count / host_count, 1)
    return {
        "count": count,
        "srv_count": srv_count,
        "same_srv_rate": np.round(same / count, 2),
        "diff_srv_rate": np.round(np.ceil(rng.random(size) * (count - same)) / count, 2),
        "srv_diff_host_rate": np.round((srv_count - same) / srv_count, 2),
        "dst_host_count": host_count,
        "dst_host_srv_count": host_srv_count,
        "dst_host_same_srv_rate": np.round(host_same, 2),
        "dst_host_diff_srv_rate": np.minimum(drawn.get("dst_host_diff_srv_rate", none), np.round(1 - host_same, 2)),
    }


def _error_rates(
    error: str, failed: np.ndarray, average: float, windows: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the shares of failed connections in the windows, multiples of 0.01.

    Args:
        error: Which kind, as the features are called.
        failed: 1 for each row whose own connection failed that way, else 0.
        average: Share of the behaviour's connections that fail that way.
        windows: Numbers of connections, by feature.
        rng: Where the draw comes from.
    """

    def share(connections: np.ndarray, weight_of_row: float) -> np.ndarray:
        probability = weight_of_row * failed + (1 - weight_of_row) * average
        others = rng.binomial(connections.astype(np.int64) - 1, np.clip(probability, 0, 1))
        rates: np.ndarray = np.round((failed + others) / connections, 2)
        return rates

    return {
        f"{error}_rate": share(windows["count"], _LIKE_THE_ROW),
        f"srv_{error}_rate": share(windows["srv_count"], _LIKE_THE_ROW),
        f"dst_host_{error}_rate": share(windows["dst_host_count"], _LIKE_THE_ROW_ON_HOST),
        f"dst_host_srv_{error}_rate": share(windows["dst_host_srv_count"], _LIKE_THE_ROW_ON_HOST),
    }
