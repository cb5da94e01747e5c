"""Cross-validation folds in which nothing passes from the validation part to the training part."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

import joblib
import numpy as np
from scipy.sparse import csr_matrix

from nids.folds.encoding import Encoding
from nids.folds.fold import Fold
from nids.folds.resampling import synthesize
from nids.folds.split import Split, split
from nids.seeding import derived_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids import config
    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.folds.fold import TrainingSet


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
        (*sides.notes, *notes),
        sides.withheld,
    )


def full_fold(training_set: TrainingSet, job: Job) -> Fold:
    """Return all rows as a training part, encoded and resampled as that of a fold, with nothing to validate on.

    A class that has by now as many rows as a target asks of a fold's training part stays as it is.

    Raises:
        UserError: A class is too small for the resampling asked for.
    """
    all_rows = np.arange(len(training_set.rows), dtype=np.int32)
    folds = job.folds
    if folds.targets:
        names = np.array(training_set.dataset.classes)[training_set.labels]
        unmet = {name: target for name, target in folds.targets.items() if target > np.count_nonzero(names == name)}
        # Without any target, all classes would be balanced.
        folds = folds.model_copy(update={"targets": unmet} if unmet else {"targets": {}, "resampling": "none"})
    # Folds are numbered from 0, this one after them.
    return build(training_set, folds.count, Split(all_rows, all_rows[:0]), folds, job.search.seed)


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
    with ThreadPoolExecutor(joblib.cpu_count()) as threads:
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
