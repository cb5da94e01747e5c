"""Which rows of a fold are trained on, and which are validated on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from nids.errors import UserError
from nids.folds.encoding import compact
from nids.folds.group_folds import parts_by_group
from nids.folds.leave_attacks_out import withheld_types
from nids.folds.time_folds import blocks_in_time
from nids.metrics.formatting import counted, share
from nids.seeding import derived_seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids import config
    from nids.datasets.traffic import Traffic

# What the seeds of repeated folds are made of, beside the job's seed and the number of the repeat.
REPEATS = 3_000_000


@dataclass(frozen=True)
class Split:
    """The two sides of a fold: ascending row numbers, int32 of shape (rows of that side,).

    ``withheld`` names the attack types of which the training side was to have no row; ``notes`` tell what the two sides
    share or lack.
    """

    training: np.ndarray
    validation: np.ndarray
    withheld: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def split(traffic: Traffic, folds: config.Folds, seed: int) -> list[Split]:
    """Return the sides of ``folds.count`` folds, and of as many again for each of ``folds.repeats`` after the first.

    * "random" and "unseen-attacks": stratified by class, with identical feature vectors on one side. They count as one
      while the folds are drawn, under the rarest of their classes. With "unseen-attacks", all rows of a fold's withheld
      attack types, and what is identical to one of them, then go to its validation side.
    * "time" (``nids.folds.time_folds``) and "group" (``nids.folds.group_folds``): rows of the validation side stay
      there where the training side has the same features, or lacks their class, as a detector meets both in its time.
      The notes say how many.

    Features are the same where they are so to a model: transformed, and in single precision.

    Raises:
        UserError: All rows are of one class; a class has fewer distinct rows than there are folds; the data set tells
            no time or group, or too few of them; or a training side has one class alone.
    """
    present = np.unique(traffic.label)
    if len(present) < 2:
        raise UserError(
            f"all rows of {traffic.source} are of one class, {traffic.dataset.classes[present[0]]}: there is nothing "
            "to tell it from. Give files that have rows of others too."
        )
    vector = vectors(traffic)
    if folds.scheme == "time":
        blocks = blocks_in_time(traffic, folds.count)
        return [_with_notes(traffic, folds, vector, number, *sides) for number, sides in enumerate(blocks)]
    splits: list[Split] = []
    for repeat in range(folds.repeats):
        drawn_by = derived_seed(seed, REPEATS, repeat) if repeat else seed
        if folds.scheme == "group":
            parts = parts_by_group(traffic, folds.count, drawn_by)
            splits += [
                _with_notes(traffic, folds, vector, len(splits) + part, parts != part, parts == part)
                for part in range(folds.count)
            ]
        else:
            splits += _stratified(traffic, folds, vector, drawn_by)
    return splits


def vectors(traffic: Traffic) -> np.ndarray:
    """Return the number of each row's feature vector as models see it, in the order in which they first occur.

    The result is int64 of shape (rows,).
    """
    numbers: np.ndarray = pd.factorize(compact(traffic.features, traffic.dataset).fingerprints)[0]
    return numbers


def _stratified(traffic: Traffic, folds: config.Folds, vector: np.ndarray, seed: int) -> list[Split]:
    """Return folds with identical vectors on one side.

    Args:
        traffic: The rows.
        folds: Number and scheme of folds.
        vector: Number of each row's feature vector in the order in which they first occur, int of shape (rows,).
        seed: Decides the folds.
    """
    classes = traffic.dataset.classes
    rarity = np.bincount(traffic.label, minlength=len(classes))[traffic.label]
    rarest_first = pd.DataFrame({"vector": vector, "rarity": rarity, "label": traffic.label}).sort_values(
        ["vector", "rarity"], kind="stable"
    )
    labels = rarest_first.drop_duplicates("vector")["label"].to_numpy()
    distinct = np.bincount(labels, minlength=len(classes))
    for name, count in zip(classes, distinct, strict=True):
        if 0 < count < folds.count:
            raise UserError(
                f"found {count} distinct rows of class {name} in {traffic.source}, but {folds.count} folds "
                f"(folds.count) need at least {folds.count}: one for each. Use fewer folds or more rows."
            )
    drawn = StratifiedKFold(folds.count, shuffle=True, random_state=seed).split(labels, labels)
    types = withheld_types(traffic, folds.count, seed) if folds.scheme == "unseen-attacks" else [()] * folds.count
    splits = []
    for (_, held_back), withheld in zip(drawn, types, strict=True):
        validating = np.zeros(len(labels), dtype=bool)
        validating[held_back] = True
        validating[vector[traffic.attack.isin(withheld)]] = True
        validating = validating[vector]
        splits.append(Split(_numbers(~validating), _numbers(validating), withheld))
    return splits


def _with_notes(
    traffic: Traffic, folds: config.Folds, vector: np.ndarray, number: int, training: np.ndarray, validation: np.ndarray
) -> Split:
    """Return a fold whose sides, bool of shape (rows,) each, were drawn without a look at features and classes."""
    trained, validated = (
        np.bincount(traffic.label[side], minlength=len(traffic.dataset.classes)) for side in (training, validation)
    )
    if np.count_nonzero(trained) < 2:
        only = traffic.dataset.classes[int(trained.argmax())]
        raise UserError(
            f'folds.scheme = "{folds.scheme}": the training part of fold {number} has rows of class {only} alone in '
            f"{traffic.source}, so nothing can be learned from it. Use another number of folds (folds.count), or "
            "another scheme."
        )
    known = np.zeros(vector.max() + 1, dtype=bool)
    known[vector[training]] = True
    notes = _notes(traffic, trained, validated, int(known[vector[validation]].sum()))
    return Split(_numbers(training), _numbers(validation), notes=tuple(f"fold {number}: {note}" for note in notes))


def _notes(traffic: Traffic, trained: np.ndarray, validated: np.ndarray, seen: int) -> Iterator[str]:
    if seen:
        yield (
            f"{counted(seen, 'validation row')} ({share(seen, validated.sum())}) {'has' if seen == 1 else 'have'} the "
            "features of a training row"
        )
    for side, own, other in (("training", trained, validated), ("validation", validated, trained)):
        lacking = [
            f"{name} ({counted(int(rows), 'row')} on the other side)"
            for name, here, rows in zip(traffic.dataset.classes, own, other, strict=True)
            if rows and not here
        ]
        if lacking:
            yield f"the {side} part has no row of {', '.join(lacking)}"


def _numbers(side: np.ndarray) -> np.ndarray:
    return np.flatnonzero(side).astype(np.int32)
