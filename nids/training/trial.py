"""One trial: a set of hyperparameters, trained and validated on every fold.

Knows no scheduler: whoever runs it takes its reports one at a time, and need not ask for the next.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nids.metrics.cross_validation import over_folds, validation_figures
from nids.metrics.measure import is_better
from nids.seeding import derived_seed
from nids.training.batches import TrainingRows, ValidationRows
from nids.training.checkpoint import Progress
from nids.training.kept_reports import are_reports
from nids.training.row_weights import row_weights
from nids.training.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nids.config import Job
    from nids.folds.fold import Fold, TrainingSet
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.training.checkpoint import Checkpoint
    from nids.training.traced_network import State

# Seconds of work that are worth a checkpoint: quicker epochs share one.
WORTH_KEEPING = 2.0

Report = dict[str, Any]


class TrialFailed(Exception):
    """The trial cannot go on; the message says why. The search goes on without it."""


@dataclass(frozen=True)
class FoldOfTrial:
    """What a trial keeps for one fold beside its state; ``weights`` are those of the training rows in the loss."""

    number: int
    training: TrainingRows
    validation: ValidationRows
    weights: np.ndarray

    @classmethod
    def from_fold(cls, training_set: TrainingSet, fold: Fold, width: int, hp: TrainingHyperparameters) -> FoldOfTrial:
        """Return what a trial of some hyperparameters keeps for a fold; ``width`` as for ``TrainingRows``."""
        training = TrainingRows(training_set, fold, width, hp.resampling_ratio)
        weights = row_weights(training.labels, training.types, hp.class_weight_power, hp.type_weight_power)
        return cls(fold.number, training, ValidationRows(training_set, fold, width), weights)


def run_trial(
    hp: TrainingHyperparameters,
    training_set: TrainingSet,
    folds: Sequence[Fold],
    job: Job,
    checkpoint: Checkpoint | None = None,
) -> Iterator[Report]:
    """Train a fresh model on each fold, epoch by epoch on all folds in turn, and yield a report after each epoch.

    All trials follow the same schedule: after epoch e every fold has had e epochs, so the means that two trials
    report at the same epoch compare like with like. A trial ends after ``job.training.epochs`` epochs, after
    ``job.training.patience`` of them in a row without a better mean over the folds, or with the epoch in which it has
    taken ``job.training.minutes``.

    A trial that was interrupted yields the reports that are in its checkpoint once more, each with ``replayed``, and
    goes on from there as it would have. What it has done is kept when it is asked to go on: an end by the scheduler,
    like its own, needs none.

    A report holds:

    * ``epoch``: its number, from 1; ``finished``: whether the trial has ended;
    * ``value``: the job's metric at the best epoch so far, ``best_epoch``: that epoch;
    * each of ``nids.metrics.measures.ON_FOLDS``, those of unseen attacks only where attack types are withheld, and of
      the measures that the job's objectives and constraints ask for: the mean over the folds at this epoch, and
      ``…_std``, the standard deviation over the folds (ddof 1; 0 for a single fold);
    * ``folds``: for each fold its ``fold`` number, ``training_loss``, the same figures, ``confusion``, counts of known
      rows as a list of lists (actual by predicted), ``attacks``, what became of each attack type, and ``seconds``: all
      that the fold's epoch took, with each of ``nids.training.timer.PARTS`` as ``…_seconds``; what a trial has to
      prepare counts for its first fold's first epoch.

    Raises:
        TrialFailed: A loss or a predicted probability is not a finite number.
    """
    started = time.perf_counter()
    classes = len(training_set.dataset.classes)
    # Folds may differ by a rare category; one width for all lets them share one traced model.
    width = max(fold.encoding.width for fold in folds)
    prepared = [FoldOfTrial.from_fold(training_set, fold, width, hp) for fold in folds]
    trainer = Trainer(width, classes, hp, job.training)
    seeds = [derived_seed(job.search.seed, fold.number) for fold in folds]
    on_demand = job.search.on_demand
    preparing = time.perf_counter() - started

    def is_usable(earlier: Progress) -> bool:
        return _can_go_on(earlier, trainer, folds, classes, job)

    earlier = checkpoint.load(is_usable) if checkpoint else None
    started = time.perf_counter()
    reports, states = earlier or Progress(
        [], [trainer.fresh(seed, fold.training) for seed, fold in zip(seeds, prepared, strict=True)]
    )
    preparing += time.perf_counter() - started
    for report in reports:
        yield {**report, "replayed": True}

    # The time in which it was not asked to go on is not the trial's.
    kept = started = time.perf_counter() - preparing
    spent = sum(fold["seconds"] for report in reports for fold in report["folds"])
    best, best_epoch = (reports[-1]["value"], reports[-1]["best_epoch"]) if reports else (math.nan, 0)
    for epoch in range(len(reports) + 1, job.training.epochs + 1):
        results = []
        for i, fold in enumerate(prepared):
            states[i], loss, probabilities = _epoch_of(fold, trainer, states[i], epoch, seeds[i] + epoch)
            figures = validation_figures(training_set, folds[i], probabilities, on_demand)
            ended, parts = time.perf_counter(), trainer.timer.take()
            costs = {
                "parameters": trainer.parameters,
                "scoring_seconds": 1e6 * parts["validation_seconds"] / len(fold.validation),
            }
            results.append(
                {
                    "fold": fold.number,
                    "training_loss": loss,
                    **figures,
                    **{name: cost for name, cost in costs.items() if name in on_demand},
                    "seconds": ended - started,
                    **parts,
                }
            )
            started = ended
        means = over_folds(results, on_demand)
        value = means[job.search.metric]
        if best_epoch == 0 or is_better(value, best, job.search.metric_direction):
            best, best_epoch = value, epoch
        spent += sum(result["seconds"] for result in results)
        finished = (
            epoch == job.training.epochs
            or epoch - best_epoch >= job.training.patience
            or spent > 60 * (job.training.minutes or math.inf)
        )
        report = {
            "epoch": epoch,
            "finished": finished,
            "value": best,
            "best_epoch": best_epoch,
            **means,
            "folds": results,
        }
        reports.append(report)
        yield report
        if finished:
            return
        started = time.perf_counter()
        if checkpoint and started - kept > WORTH_KEEPING:
            # To wait for longer than it would take to train the same again is worth nothing.
            checkpoint.save(Progress(reports, states), patience=started - kept)
            kept = started = time.perf_counter()


def _epoch_of(
    fold: FoldOfTrial, trainer: Trainer, state: State, epoch: int, seed: int
) -> tuple[State, float, np.ndarray]:
    """Return a fold's state after one more epoch, its training loss, and the probabilities of the validation rows."""
    state, loss = trainer.train(state, fold.training, fold.weights, epoch, seed)
    if not math.isfinite(loss):
        raise TrialFailed(f"the training loss became {loss} in epoch {epoch} of fold {fold.number}")
    probabilities = trainer.predict(state, fold.validation)
    if not np.isfinite(probabilities).all():
        raise TrialFailed(f"a predicted probability is not finite in epoch {epoch} of fold {fold.number}")
    return state, loss, probabilities


def _can_go_on(earlier: Progress, trainer: Trainer, folds: Sequence[Fold], classes: int, job: Job) -> bool:
    """Return whether a trial can go on from what was kept, which may be somebody else's."""
    return (
        len(earlier.states) == len(folds)
        and len(earlier.reports) < job.training.epochs
        and are_reports(earlier.reports, [fold.number for fold in folds], classes, job.search.on_demand)
        and all(map(trainer.takes, earlier.states))
    )
