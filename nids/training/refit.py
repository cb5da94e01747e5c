"""The training of a chosen trial once more: on its folds, for what they say of rows not trained on, or on all rows."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nids import models, npz
from nids.errors import NotAFileError
from nids.seeding import derived_seed
from nids.training.trainer import Trainer
from nids.training.trial import FoldOfTrial, TrialFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nids.config import Job
    from nids.folds.fold import Fold, TrainingSet
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.storage import Folder

_TASK, _PROBABILITIES = "task", "probabilities of the validation part"

# What the seeds of models of all rows are made of, beside the job's seed and their own number.
MEMBER = 1_000_000


@dataclass(frozen=True)
class FitTask:
    """A model to train.

    Attributes:
        name: What it is called; unlike all others that are trained beside it.
        width: Encoded features of a row.
        hyperparameters: Its hyperparameters.
        epochs: When to stop, at most the ``training.epochs`` of the job.
        seed: Seeds the weights and the order of the rows.
    """

    name: str
    width: int
    hyperparameters: TrainingHyperparameters
    epochs: int
    seed: int


# The fold is apart: it is large, and what is sent to a process as one argument is copied with it.
FitWork = tuple["Fold", FitTask]


@dataclass(frozen=True, eq=False)
class FitResult:
    """A trained model.

    Attributes:
        weights: Its weights by their path in the model.
        probabilities: Of the validation part's rows, float32 of shape (rows, classes).
    """

    weights: dict[str, np.ndarray]
    probabilities: np.ndarray

    def save(self, folder: Folder, task: FitTask) -> None:
        """Write the model as plain arrays."""
        about = {_TASK: np.array(_identity(task)), _PROBABILITIES: self.probabilities}
        folder.write(_file_name(task), npz.to_bytes({**about, **self.weights}))

    @classmethod
    def load(cls, folder: Folder, task: FitTask) -> FitResult | None:
        """Return the model of a task that ``save`` wrote; None if there is none, or a damaged one, or another's."""
        try:
            arrays = npz.read(folder.read(_file_name(task), npz.largest_file()))
            if str(arrays.pop(_TASK)) != _identity(task):
                return None
            return cls(probabilities=arrays.pop(_PROBABILITIES), weights=arrays)
        except (FileNotFoundError, NotAFileError, npz.ArraysError, KeyError):
            return None


def on_folds(
    folds: Sequence[Fold], members: int, job: Job, hp: TrainingHyperparameters, epochs: int, prefix: str = ""
) -> list[FitWork]:
    """Return the models of each fold, one fold after another; a fold's first is the one that the trial had.

    ``prefix`` begins the names of their tasks.
    """
    width = max(fold.encoding.width for fold in folds)
    work = []
    for fold in folds:
        for member in range(members):
            name = f"{prefix}fold {fold.number}, seed {member + 1} of {members}"
            seed = derived_seed(job.search.seed, fold.number, member)
            work.append((fold, FitTask(name, width, hp, epochs, seed)))
    return work


def on_all(
    everything: Fold, members: int, job: Job, hp: TrainingHyperparameters, epochs: int, name: str = "all rows"
) -> list[FitWork]:
    """Return the models of all rows; ``name`` begins the names of their tasks."""
    work = []
    for member in range(members):
        seed = derived_seed(job.search.seed, MEMBER, member)
        called = f"{name}, seed {member + 1} of {members}"
        work.append((everything, FitTask(called, everything.encoding.width, hp, epochs, seed)))
    return work


def fit(training_set: TrainingSet, fold: Fold, task: FitTask, job: Job) -> Iterator[int | FitResult]:
    """Train a model for some epochs as a trial does, and yield the number of each epoch, then the model.

    Args:
        training_set: What the folds share.
        fold: The rows to train on, and those to predict.
        task: The model.
        job: The job; its number of epochs sets the pace at which the learning rate falls.

    Raises:
        TrialFailed: A loss, a weight or a predicted probability is not a finite number.
    """
    rows = FoldOfTrial.from_fold(training_set, fold, task.width, task.hyperparameters)
    classes = len(training_set.dataset.classes)
    trainer = Trainer(task.width, classes, task.hyperparameters, job.training)
    state = trainer.fresh(task.seed, rows.training)
    for epoch in range(1, task.epochs + 1):
        state, loss = trainer.train(state, rows.training, rows.weights, epoch, seed=task.seed + epoch)
        if not math.isfinite(loss):
            raise TrialFailed(f"the training loss became {loss} in epoch {epoch}")
        yield epoch
    weights = trainer.weights(state)
    probabilities = np.empty((0, classes), dtype=np.float32)
    if len(rows.validation):
        probabilities = trainer.predict(state, rows.validation)
    # A finite loss says nothing of what its step has made of the weights.
    if not all(np.isfinite(values).all() for values in (*weights.values(), probabilities)):
        raise TrialFailed(f"a weight or a predicted probability is not finite after epoch {task.epochs}")
    yield FitResult(weights, probabilities)


def _identity(task: FitTask) -> str:
    """Return the SHA-256 of the canonical JSON of a task, its model included."""
    hp = task.hyperparameters
    content = {**vars(task), "model": models.of(hp).name, "hyperparameters": hp.model_dump()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _file_name(task: FitTask) -> str:
    return f"{task.name.replace(', ', '-').replace(' ', '-')}.npz"
