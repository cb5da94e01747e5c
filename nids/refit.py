"""The training of a chosen trial once more: on its folds, for what they say of rows not trained on, or on all rows."""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nids.folds import Split, build
from nids.learner import Learner
from nids.seeding import derived_seed
from nids.trial import FoldOfTrial, TrialFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nids.config import Job
    from nids.folds import Corpus, Fold
    from nids.hyperparameters import Hyperparameters
    from nids.storage import Folder

_PROBABILITIES = "probabilities of the validation part"

# What the seeds of models of all rows are made of, beside the job's seed and their own number.
MEMBER = 1_000_000


@dataclass(frozen=True, eq=False)
class Task:
    """A model to train.

    Attributes:
        fold: Its rows, and those to predict.
        width: Encoded features of a row.
        seed: Seeds the weights and the order of the rows.
        member: Which of the models of these rows it is, from 0.
    """

    fold: Fold
    width: int
    seed: int
    member: int


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained model.

    Attributes:
        weights: Its weights by their path in the model.
        probabilities: Of the validation part's rows, float32 of shape (rows, classes).
    """

    weights: dict[str, np.ndarray]
    probabilities: np.ndarray

    def save(self, folder: Folder, name: str) -> None:
        """Write the model as plain arrays."""
        sink = io.BytesIO()
        np.savez(sink, allow_pickle=False, **{_PROBABILITIES: self.probabilities}, **self.weights)
        folder.write(name, sink.getbuffer())

    @classmethod
    def load(cls, folder: Folder, name: str) -> Fitted | None:
        """Return a model that ``save`` wrote, None if there is none or it is damaged."""
        try:
            with np.load(io.BytesIO(folder.read(name)), allow_pickle=False) as file:
                arrays = dict(file)
            return cls(probabilities=arrays.pop(_PROBABILITIES), weights=arrays)
        except (FileNotFoundError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None


def whole(corpus: Corpus, job: Job) -> Fold:
    """Return all rows as a training part, encoded and resampled as that of a fold, with nothing to validate on.

    Raises:
        UserError: A class is too small for the resampling asked for.
    """
    everything = np.arange(len(corpus.rows), dtype=np.int32)
    # Folds are numbered from 0, this one after them.
    return build(corpus, job.folds.count, Split(everything, everything[:0]), job.folds, job.search.seed)


def on_folds(folds: Sequence[Fold], members: int, job: Job) -> list[Task]:
    """Return the models of each fold, one fold after another; a fold's first is the one that the trial had."""
    width = max(fold.encoding.width for fold in folds)
    return [
        Task(fold, width, derived_seed(job.search.seed, fold.number, member), member)
        for fold in folds
        for member in range(members)
    ]


def on_all(everything: Fold, members: int, job: Job) -> list[Task]:
    """Return the models of all rows."""
    width = everything.encoding.width
    return [Task(everything, width, derived_seed(job.search.seed, MEMBER, member), member) for member in range(members)]


def fit(
    corpus: Corpus, fold: Fold, width: int, hp: Hyperparameters, job: Job, epochs: int, seed: int
) -> Iterator[int | Fitted]:
    """Train a model for some epochs as a trial does, and yield the number of each epoch, then the model.

    Args:
        corpus: What the folds share.
        fold: The rows to train on, and those to predict.
        width: Encoded features of a row.
        hp: The trial's hyperparameters.
        job: The job; its number of epochs sets the pace at which the learning rate falls.
        epochs: When to stop, at most ``job.training.epochs``.
        seed: Seeds the weights and the order of the rows.

    Raises:
        TrialFailed: A loss is not a finite number.
    """
    rows = FoldOfTrial.of(corpus, fold, width, hp)
    classes = len(corpus.dataset.classes)
    learner = Learner(width, classes, hp, job.training)
    state = learner.fresh(seed)
    for epoch in range(1, epochs + 1):
        state, loss = learner.train(state, rows.training, rows.weights, epoch, seed=seed + epoch)
        if not math.isfinite(loss):
            raise TrialFailed(f"the training loss became {loss} in epoch {epoch}")
        yield epoch
    empty = np.empty((0, classes), dtype=np.float32)
    yield Fitted(learner.weights(state), learner.predict(state, rows.validation) if len(rows.validation) else empty)
