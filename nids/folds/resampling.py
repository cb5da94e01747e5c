"""Synthetic rows for the training part of a fold, by imbalanced-learn's samplers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nids.errors import UserError
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imblearn.over_sampling import ADASYN, SMOTE

    from nids.config import Folds
    from nids.folds.encoding import CompactRows, Encoding


def synthesize(
    rows: CompactRows,
    encoding: Encoding,
    training: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    config: Folds,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return the rows that resampling adds to a training part.

    Args:
        rows: All rows of the data set.
        encoding: The fold's encoding, fitted on ``training``.
        training: Row numbers of the training part, int of shape (training rows,).
        labels: Their classes, int of shape (training rows,).
        classes: Names of the classes.
        config: The method, its neighbours and its targets.
        seed: Seeds the sampler.

    Returns:
        The encoded synthetic rows, float32 of shape (synthetic, width); their labels, int8 of shape (synthetic,),
        ascending; and notes on what had to be adapted to small classes.

    Raises:
        UserError: A class is too small to be resampled, or a target names no class or is below its present size.
    """
    # A second to import, which trials need not wait for: they only read what was made here.
    from imblearn.over_sampling import ADASYN, SMOTE, SMOTENC, BorderlineSMOTE

    from nids.folds.neighbors import NeighborsByCategory

    wanted, too_small = _targets(labels, classes, config)
    if not wanted:
        return np.empty((0, encoding.width), np.float32), np.empty(0, np.int8), too_small
    neighbors, fewer = _neighbors(labels, classes, config, wanted)
    notes = (*too_small, *fewer)
    strategy = dict(wanted)
    if config.resampling == "smotenc":
        if not encoding.categorical:
            raise UserError(
                'folds.resampling = "smotenc" needs categorical columns, and there are none. Use "smote", which is the '
                "same for numbers."
            )
        scaled, positions = encoding.scale(rows, training), encoding.positions(rows, training)
        numeric = scaled.shape[1]
        categorical = list(range(numeric, numeric + positions.shape[1]))
        sampler = SMOTENC(categorical, sampling_strategy=strategy, k_neighbors=neighbors, random_state=seed)
        sampled, sampled_labels = _resample(sampler, np.hstack([scaled, positions]), labels, config)
        added = sampled[len(training) :]
        synthetic = encoding.one_hot(added[:, :numeric].astype(np.float32), added[:, numeric:].astype(np.int64))
    else:
        if config.resampling == "adasyn":
            sampler = ADASYN(sampling_strategy=strategy, n_neighbors=neighbors, random_state=seed)
        else:
            smote = BorderlineSMOTE if config.resampling == "borderline-smote" else SMOTE
            # A row is its own nearest neighbour, hence one more.
            nearest = NeighborsByCategory(numeric=len(encoding.numeric), n_neighbors=neighbors + 1)
            sampler = smote(sampling_strategy=strategy, k_neighbors=nearest, random_state=seed)
        sampled, sampled_labels = _resample(sampler, encoding.transform(rows, training), labels, config)
        synthetic = sampled[len(training) :]
    synthetic_labels = sampled_labels[len(training) :].astype(np.int8)
    order = np.argsort(synthetic_labels, kind="stable")
    if config.resampling == "adasyn":
        # It makes all rows of one training row together: the first so many would be those of a few training rows.
        order = np.lexsort((np.random.default_rng(seed).permutation(len(order)), synthetic_labels))
    return synthetic[order], synthetic_labels[order], notes


def _targets(labels: np.ndarray, classes: Sequence[str], config: Folds) -> tuple[dict[int, int], tuple[str, ...]]:
    """Return the number of rows that each class is to have, for the classes that grow, and notes on the others.

    Training parts by time or group may have any number of rows of a class: what is met or out of reach in one of them
    is left as it is there. Those of the other schemes have alike many, so there it is a mistake.
    """
    if config.resampling == "none":
        return {}, ()
    counts = np.bincount(labels, minlength=len(classes))
    uneven = config.scheme in ("time", "group")
    if config.targets:
        wanted = {_label(name, classes, config.targets): target for name, target in config.targets.items()}
    else:
        wanted = {label: int(counts.max()) for label, count in enumerate(counts) if count > 0}
    for label, target in wanted.items():
        if target < counts[label] and not uneven:
            raise UserError(
                f"folds.targets.{classes[label]} is {target}, but a fold's training part already has {counts[label]} "
                f"rows of that class: resampling only adds rows, so the target must be at least that."
            )
    growing = {label: target for label, target in wanted.items() if target > counts[label]}
    too_small = [label for label in growing if uneven and counts[label] < 2]
    notes = tuple(
        f"class {classes[label]} has {counted(counts[label], 'training row')} in a fold: not resampled, as that takes "
        "at least 2"
        for label in too_small
    )
    return {label: target for label, target in growing.items() if label not in too_small}, notes


def _label(name: str, classes: Sequence[str], targets: Mapping[str, int]) -> int:
    if name not in classes:
        left = ", ".join(f'"{other}" = {target}' for other, target in targets.items() if other in classes)
        raise UserError(
            f"folds.targets.{name}: there is no such class; the classes are {', '.join(classes)}. Without it: "
            f"--set 'folds.targets={{{left}}}'."
        )
    return list(classes).index(name)


def _neighbors(
    labels: np.ndarray, classes: Sequence[str], config: Folds, wanted: dict[int, int]
) -> tuple[int, tuple[str, ...]]:
    """Return the number of neighbours that every class to be resampled has, and a note where it is less than asked."""
    counts = np.bincount(labels, minlength=len(classes))
    smallest = min(wanted, key=lambda label: counts[label])
    if counts[smallest] < 2:
        raise UserError(
            f"found {counted(counts[smallest], 'training row')} of class {classes[smallest]} in a fold, but resampling "
            "needs at least 2 to interpolate between. Use more rows, fewer folds (folds.count), folds.targets without "
            "this class, or no resampling."
        )
    if config.k_neighbors < counts[smallest]:
        return config.k_neighbors, ()
    neighbors = int(counts[smallest]) - 1
    return neighbors, (
        f"class {classes[smallest]} has {counts[smallest]} training rows in a fold: resampled with {neighbors} "
        f"neighbours instead of {config.k_neighbors} (folds.k_neighbors)",
    )


def _resample(
    sampler: SMOTE | ADASYN, rows: np.ndarray, labels: np.ndarray, config: Folds
) -> tuple[np.ndarray, np.ndarray]:
    try:
        return sampler.fit_resample(rows, labels)
    except (RuntimeError, ValueError) as error:
        # ADASYN and Borderline-SMOTE refuse data in which no minority row has a neighbour of another class.
        raise UserError(
            f'folds.resampling = "{config.resampling}" cannot resample these rows ({error}). '
            f'Use "smote", which needs no neighbours of other classes.'
        ) from None
