"""How long a search would take: estimated from some batches of its first fold."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nids import models
from nids.folds.build import build
from nids.folds.fold import TrainingSet
from nids.folds.split import split
from nids.search.space import space_of
from nids.training.batches import TrainingRows, ValidationRows
from nids.training.trainer import Trainer

if TYPE_CHECKING:
    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.folds.fold import Fold

BATCHES = 20


@dataclass(frozen=True)
class Estimate:
    """What a search would take if each trial had the network of its starting point and ran all its epochs.

    The start of the cluster and the building of the folds come on top; pruning and early stopping take off.

    Attributes:
        training_rows: Rows of the first fold's training part, the synthetic ones included.
        validation_rows: Rows of its validation part.
        rows_per_second: Rows that one trial trains in a second, on its CPUs of this machine.
        seconds_per_trial: All folds and epochs of a trial.
        seconds: All trials, so many at once as there are slots.
    """

    training_rows: int
    validation_rows: int
    rows_per_second: float
    seconds_per_trial: float
    seconds: float


def estimate(job: Job, traffic: Traffic, slots: int) -> Estimate:
    """Return how long a search would take on this machine's CPUs, of which this process has to be limited to a trial's.

    The first fold is built, and some of its batches are trained and validated with the point that a search may begin
    with; another network of the space can take several times as long, or a fraction.

    Args:
        job: The search.
        traffic: Its rows.
        slots: Trials that run at once.

    Raises:
        UserError: The space is empty, or a class is too small for the folds or their resampling.
    """
    spec, space = models.get(job.model.name), space_of(job)
    hp = spec.hyperparameters(**{**job.hyperparameters, **spec.starting_point(space)})
    training_set = TrainingSet.from_traffic(traffic)
    seed = job.search.seed
    fold = build(training_set, 0, split(traffic, job.folds, seed)[0], job.folds, seed)
    training_rows = len(TrainingRows(training_set, fold, fold.encoding.width, hp.resampling_ratio))
    few = _first_rows(fold, BATCHES * hp.batch_size)
    trained = TrainingRows(training_set, few, few.encoding.width)
    validated = ValidationRows(training_set, few, few.encoding.width)
    classes = len(training_set.dataset.classes)
    trainer = Trainer(few.encoding.width, classes, hp, job.training)
    weights = np.ones(len(trained), dtype=np.float32)
    state = trainer.fresh(seed, trained)
    seconds = []
    for part in (lambda: trainer.train(state, trained, weights, 1, seed), lambda: trainer.predict(state, validated)):
        part()  # traces the network
        started = time.perf_counter()
        part()
        seconds.append(time.perf_counter() - started)
    per_epoch = seconds[0] * training_rows / len(trained) + seconds[1] * len(fold.validation) / len(validated)
    per_trial = per_epoch * job.folds.used * job.training.epochs
    return Estimate(
        training_rows=training_rows,
        validation_rows=len(fold.validation),
        rows_per_second=len(trained) / seconds[0],
        seconds_per_trial=per_trial,
        seconds=min(per_trial * math.ceil(job.search.trials / slots), (job.search.hours or math.inf) * 3600),
    )


def _first_rows(fold: Fold, count: int) -> Fold:
    """Return a fold of some of its rows, none of them synthetic: those take the same time."""
    return replace(
        fold,
        training=fold.training[:count],
        validation=fold.validation[:count],
        synthetic=fold.synthetic[:0],
        synthetic_labels=fold.synthetic_labels[:0],
    )
