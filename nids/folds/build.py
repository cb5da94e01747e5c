"""Cross-validation folds in which nothing passes from the validation part to the training part."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedKFold

from nids.errors import UserError
from nids.folds.encoding import Encoding, Rows, compact
from nids.folds.leave_attacks_out import withheld_types
from nids.folds.resampling import synthesize
from nids.seeding import derived_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids import config
    from nids.config import Job
    from nids.datasets.schema import Dataset, Traffic


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What all folds share, stored once.

    Attributes:
        rows: All rows of the training file, compact.
        labels: Their classes, int8 of shape (rows,): positions in ``dataset.classes``.
        attacks: Their attack types, int16 of shape (rows,): positions in ``attack_types``.
        attack_types: Names of the attack types, sorted; benign traffic has one too.
        dataset: The data set.
    """

    rows: Rows
    labels: np.ndarray
    attacks: np.ndarray
    attack_types: tuple[str, ...]
    dataset: Dataset

    @classmethod
    def from_traffic(cls, traffic: Traffic) -> TrainingSet:
        """Return the training_set of labelled rows."""
        attack = pd.Categorical(traffic.attack)
        return cls(
            compact(traffic.features, traffic.dataset),
            traffic.label.astype(np.int8),
            attack.codes.astype(np.int16),
            tuple(map(str, attack.categories)),
            traffic.dataset,
        )


@dataclass(frozen=True)
class Split:
    """The two sides of a fold: ascending row numbers, int32 of shape (rows of that side,).

    ``withheld`` names the attack types of which the training side has no row.
    """

    training: np.ndarray
    validation: np.ndarray
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold: everything of it that is not shared with the others.

    Attributes:
        number: Position among the folds, from 0.
        training: Row numbers of the training part, int32, ascending.
        validation: Row numbers of the validation part, int32, ascending; it is never resampled.
        encoding: FitResult on the training part.
        synthetic: Encoded synthetic rows of the training part, float32 of shape (synthetic, width), sparse: most
            features of a row are 0. Within a class they stand in the order in which they were drawn, so that the
            first so many of them are a valid smaller sample.
        synthetic_labels: Their classes, int8 of shape (synthetic,), ascending.
        notes: What had to be adapted to small classes.
        withheld: Attack types that were kept out of the training part on purpose; all of their rows are validated on.
    """

    number: int
    training: np.ndarray
    validation: np.ndarray
    encoding: Encoding
    synthetic: csr_matrix
    synthetic_labels: np.ndarray
    notes: tuple[str, ...]
    withheld: tuple[str, ...] = ()


def split(traffic: Traffic, folds: config.Folds, seed: int) -> list[Split]:
    """Return ``folds.count`` stratified folds with identical feature vectors on one side.

    Identical vectors count as one while the folds are drawn, under the rarest of their classes. With the scheme
    "unseen-attacks", all rows of a fold's withheld attack types, and what is identical to one of them, then go to its
    validation side.

    Raises:
        UserError: A class has fewer distinct rows than there are folds.
    """
    classes = traffic.dataset.classes
    vector = traffic.features.groupby(list(traffic.features.columns), sort=False, observed=True).ngroup().to_numpy()
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
        training, validation = (np.flatnonzero(side).astype(np.int32) for side in (~validating, validating))
        splits.append(Split(training, validation, withheld))
    return splits


def build(training_set: TrainingSet, number: int, sides: Split, folds: config.Folds, seed: int) -> Fold:
    """Return one fold: encoding and synthetic rows are made from its training part alone.

    Raises:
        UserError: A class is too small for the resampling asked for.
    """
    encoding = Encoding.fit(training_set.rows, sides.training, training_set.dataset)
    return build_encoded(training_set, number, sides, encoding, folds, seed)


def build_encoded(
    training_set: TrainingSet, number: int, sides: Split, encoding: Encoding, folds: config.Folds, seed: int
) -> Fold:
    """Return one fold of an encoding that has been fitted; ``build`` is what fits it without a leak.

    Raises:
        UserError: A class is too small for the resampling asked for.
    """
    synthetic, synthetic_labels, notes = synthesize(
        training_set.rows,
        encoding,
        sides.training,
        training_set.labels[sides.training],
        training_set.dataset.classes,
        folds,
        seed=derived_seed(seed, number),
    )
    return Fold(
        number,
        sides.training,
        sides.validation,
        encoding,
        csr_matrix(synthetic),
        synthetic_labels,
        notes,
        sides.withheld,
    )


def full_fold(training_set: TrainingSet, job: Job) -> Fold:
    """Return all rows as a training part, encoded and resampled as that of a fold, with nothing to validate on.

    A class that has by now as many rows as a target asks of a fold's training part stays as it is.

    Raises:
        UserError: A class is too small for the resampling asked for.
    """
    everything = np.arange(len(training_set.rows), dtype=np.int32)
    folds = job.folds
    if folds.targets:
        names = np.array(training_set.dataset.classes)[training_set.labels]
        unmet = {name: target for name, target in folds.targets.items() if target > np.count_nonzero(names == name)}
        # Without any target, all classes would be balanced.
        folds = folds.model_copy(update={"targets": unmet} if unmet else {"targets": {}, "resampling": "none"})
    # Folds are numbered from 0, this one after them.
    return build(training_set, folds.count, Split(everything, everything[:0]), folds, job.search.seed)


def build_folds(training_set: TrainingSet, traffic: Traffic, job: Job, progress: Callable[[str], object]) -> list[Fold]:
    """Return the folds that a job uses, built side by side.

    Args:
        training_set: ``TrainingSet.from_traffic(traffic)``.
        traffic: The labelled rows.
        job: The job.
        progress: Called with a line of text when a fold is built.

    Raises:
        UserError: A class is too small for the folds or for the resampling asked for.
    """
    seed = job.search.seed
    sides = split(traffic, job.folds, seed)[: job.folds.used]
    # Threads, as nearly all of it is searching for neighbours and sorting, which keep other threads from nothing. A
    # process for each would take longer to start than to build its fold.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        waiting = [threads.submit(build, training_set, i, side, job.folds, seed) for i, side in enumerate(sides)]
        try:
            for ended in as_completed(waiting):
                fold = ended.result()
                progress(
                    f"fold {fold.number}: {len(fold.training):,} training rows + {len(fold.synthetic_labels):,} "
                    f"synthetic, {len(fold.validation):,} for validation"
                )
        finally:
            threads.shutdown(cancel_futures=True)
    return [future.result() for future in waiting]
