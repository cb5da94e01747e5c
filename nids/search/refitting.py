"""A chosen trial's models, trained side by side on the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ray
from ray.exceptions import RayTaskError

from nids.errors import UserError
from nids.refit import Fitted, fit
from nids.trial import TrialFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nids.config import Job
    from nids.folds import Corpus, Fold
    from nids.hyperparameters import Hyperparameters
    from nids.refit import Task
    from nids.storage import Folder


def fit_all(
    corpus: Corpus,
    tasks: Sequence[Task],
    hp: Hyperparameters,
    job: Job,
    epochs: int,
    kept: Folder,
    progress: Callable[[int, int], object],
) -> list[Fitted]:
    """Return a model for each task, in their order.

    Args:
        corpus: What the folds share.
        tasks: The models.
        hp: The trial's hyperparameters.
        job: The job.
        epochs: How long each model is trained.
        kept: Where each model is written as soon as it is trained, and taken from if it is there already: what an
            interruption loses is the models that are being trained. The folder must be of these hyperparameters,
            epochs and folds alone.
        progress: Called with the position of a task and the number of its epochs that have ended.

    Raises:
        UserError: The training of a model diverged.
    """
    names = [f"fold-{task.fold.number}-member-{task.member}.npz" for task in tasks]
    models = {i: model for i, name in enumerate(names) if (model := Fitted.load(kept, name)) is not None}
    for i in models:
        progress(i, epochs)
    resources = job.resources
    remote = _fit.options(num_cpus=resources.cpus_per_trial, num_gpus=resources.gpus_per_trial)
    # A fold's models share the one copy of its rows.
    shared = ray.put(corpus)
    folds = {number: ray.put(fold) for number, fold in {task.fold.number: task.fold for task in tasks}.items()}
    running = {
        remote.remote(shared, folds[task.fold.number], task.width, hp, job, epochs, task.seed): i
        for i, task in enumerate(tasks)
        if i not in models
    }
    while running:
        (ready, *_), _ = ray.wait(list(running), num_returns=1, fetch_local=False)
        task = running[ready]
        try:
            said = ray.get(next(ready))
        except StopIteration:
            del running[ready]
            continue
        except RayTaskError as error:
            if isinstance(error.cause, TrialFailed):
                raise UserError(
                    f"a model could not be trained: {error.cause}. Choose another trial (--trial)."
                ) from None
            raise
        if isinstance(said, Fitted):
            said.save(kept, names[task])
            models[task] = said
        else:
            progress(task, said)
    return [models[i] for i in range(len(tasks))]


@ray.remote(num_returns="streaming", max_retries=3)  # type: ignore[untyped-decorator]
def _fit(
    corpus: Corpus, fold: Fold, width: int, hp: Hyperparameters, job: Job, epochs: int, seed: int
) -> Iterator[int | Fitted]:
    from nids import device

    device.configure(job.resources.cpus_per_trial, job.resources.gpus_per_trial)
    yield from fit(corpus, fold, width, hp, job, epochs, seed)
