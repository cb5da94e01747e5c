"""Cross-validation folds in which nothing passes from the validation part to the training part."""

from __future__ import annotations

from concurrent.futures import as_completed
from dataclasses import replace
from typing import TYPE_CHECKING

import joblib
import numpy as np
from scipy.sparse import csr_matrix

from nids.folds import cleaning
from nids.folds.encoding import Encoding
from nids.folds.fold import Fold
from nids.folds.resampling import synthesize
from nids.folds.split import Split, split
from nids.folds.undersampling import undersample
from nids.seeding import derived_seed
from nids.threads import thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids import config
    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.folds.fold import TrainingSet

# What the seeds of undersampling are made of, beside the job's seed and the number of the fold.
UNDERSAMPLING = 2_000_000


def build(training_set: TrainingSet, number: int, sides: Split, folds: config.Folds, seed: int) -> Fold:
    """Return one fold: encoding and synthetic rows are made from its training part alone.

    The encoding is fitted on what undersampling leaves: each category with a column of its own is then one that a model
    is trained on. Cleaning, which looks for neighbours among encoded rows, comes after it.

    Raises:
        UserError: A class is too small for the resampling asked for, or is none.
    """
    training, notes = undersample(
        sides.training,
        training_set.labels[sides.training],
        training_set.dataset.classes,
        folds.undersample,
        derived_seed(seed, UNDERSAMPLING, number),
    )
    encoding = Encoding.fit(training_set.rows, training, training_set.dataset)
    fold = build_encoded(training_set, number, replace(sides, training=training), encoding, folds, seed)
    return replace(fold, notes=(*notes, *fold.notes))


def build_encoded(
    training_set: TrainingSet, number: int, sides: Split, encoding: Encoding, folds: config.Folds, seed: int
) -> Fold:
    """Return one fold of an encoding that has been fitted, without undersampling; ``build`` fits it without a leak.

    Raises:
        UserError: A class is too small for the resampling asked for.
    """
    training, classes = sides.training, training_set.dataset.classes
    labels = training_set.labels[training]
    synthetic, synthetic_labels, notes = synthesize(
        training_set.rows, encoding, training, labels, classes, folds, seed=derived_seed(seed, number)
    )
    if folds.resampling in cleaning.METHODS:
        real = encoding.transform(training_set.rows, training)
        numeric = len(encoding.numeric)
        left, left_synthetic = cleaning.kept(
            real, synthetic, labels, synthetic_labels, classes, numeric, folds.resampling
        )
        notes = (
            *notes,
            f"fold {number}: cleaning removed {np.count_nonzero(~left):,} of {len(left):,} real training rows and "
            f"{np.count_nonzero(~left_synthetic):,} of {len(left_synthetic):,} synthetic ones",
        )
        training, synthetic, synthetic_labels = (
            training[left],
            synthetic[left_synthetic],
            synthetic_labels[left_synthetic],
        )
    return Fold(
        number,
        training,
        sides.validation,
        encoding,
        csr_matrix(synthetic),
        synthetic_labels,
        (*sides.notes, *notes),
        sides.withheld,
    )


def full_fold(training_set: TrainingSet, job: Job) -> Fold:
    """Return all rows as a training part, encoded and resampled as that of a fold, with nothing to validate on.

    A class that has by now as many rows as a target asks of a fold's training part stays as it is. What undersampling
    leaves of a class in a fold, it leaves here too.

    Raises:
        UserError: A class is too small for the resampling asked for.
    """
    all_rows = np.arange(len(training_set.rows), dtype=np.int32)
    folds = job.folds
    names = np.array(training_set.dataset.classes)[training_set.labels]
    targets = {
        name: max(target, min(np.count_nonzero(names == name), folds.undersample.get(name, len(names))))
        for name, target in folds.targets.items()
    }
    folds = folds.model_copy(update={"targets": targets})
    # Folds are numbered from 0, this one after them.
    return build(training_set, folds.drawn, Split(all_rows, all_rows[:0]), folds, job.search.seed)


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
    with thread_pool(joblib.cpu_count()) as threads:
        waiting = [threads.submit(build, training_set, i, side, job.folds, seed) for i, side in enumerate(sides)]
        for ended in as_completed(waiting):
            fold = ended.result()
            progress(
                f"fold {fold.number}: {len(fold.training):,} training rows + {len(fold.synthetic_labels):,} "
                f"synthetic, {len(fold.validation):,} for validation"
            )
    return [future.result() for future in waiting]
