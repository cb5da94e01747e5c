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


def fit_all(
    corpus: Corpus,
    tasks: Sequence[tuple[Fold, int, int]],
    hp: Hyperparameters,
    job: Job,
    epochs: int,
    progress: Callable[[int], object],
) -> list[Fitted]:
    """Return a model for each task, in their order.

    Args:
        corpus: What the folds share.
        tasks: For each model its rows, its width and its seed, as for ``nids.refit.fit``.
        hp: The trial's hyperparameters.
        job: The job.
        epochs: How long each model is trained.
        progress: Called with the position of a task whenever one of its epochs has ended.

    Raises:
        UserError: The training of a model diverged.
    """
    resources = job.resources
    remote = _fit.options(num_cpus=resources.cpus_per_trial, num_gpus=resources.gpus_per_trial)
    shared = ray.put(corpus)
    folds = {id(fold): ray.put(fold) for fold, _, _ in tasks}
    running = {
        remote.remote(shared, folds[id(fold)], width, hp, job, epochs, seed): i
        for i, (fold, width, seed) in enumerate(tasks)
    }
    models: dict[int, Fitted] = {}
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
            models[task] = said
        else:
            progress(task)
    return [models[i] for i in range(len(tasks))]


@ray.remote(num_returns="streaming", max_retries=3)  # type: ignore[untyped-decorator]
def _fit(
    corpus: Corpus, fold: Fold, width: int, hp: Hyperparameters, job: Job, epochs: int, seed: int
) -> Iterator[int | Fitted]:
    from nids import device

    device.configure(job.resources.cpus_per_trial, job.resources.gpus_per_trial)
    yield from fit(corpus, fold, width, hp, job, epochs, seed)
