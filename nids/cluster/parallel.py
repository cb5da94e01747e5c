"""A chosen trial's models, trained side by side on the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ray
from ray.exceptions import RayTaskError
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from nids.training.refit import FitResult, fit
from nids.training.trial import TrialFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from nids.cluster.placement import NodePool
    from nids.config import Job
    from nids.folds.fold import Fold, TrainingSet
    from nids.storage import Folder
    from nids.training.refit import FitTask, FitWork


def fit_with_progress(
    training_set: TrainingSet, work: Sequence[FitWork], job: Job, pool: NodePool, kept: Folder, console: Console
) -> list[FitResult]:
    """Return what ``fit_all`` returns; shows a bar for each model in a terminal, elsewhere a line at its end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn("{task.completed}/{task.total} epochs"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    trained = 0
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            bars = [progress.add_task(task.name, total=task.epochs) for _, task in work]

            def show(i: int, epoch: int) -> None:
                nonlocal trained
                task = work[i][1]
                progress.update(bars[i], completed=epoch)
                trained += epoch == task.epochs
                if epoch == task.epochs and not console.is_terminal:
                    console.print(f"{task.name}: trained ({trained} of {len(work)} models)", highlight=False)

            if earlier := len(kept.names(".npz")):
                console.print(f"{earlier} models are there from an interrupted run: those of this trial are kept.")
            return fit_all(training_set, work, job, pool, kept, show)
    except KeyboardInterrupt:
        console.print("Interrupted. Models that are trained are kept: the same command goes on from there.")
        raise


def fit_all(
    training_set: TrainingSet,
    work: Sequence[FitWork],
    job: Job,
    pool: NodePool,
    kept: Folder,
    progress: Callable[[int, int], object],
) -> list[FitResult]:
    """Return the models in the order of the work.

    Args:
        training_set: What the folds share.
        work: The models.
        job: The job.
        pool: Where models are trained, as trials are.
        kept: Where each model is written as soon as it is trained, and taken from if it is there already: what an
            interruption loses is the models that are being trained. The folder has to be of these folds alone.
        progress: Called with the position of a model and the number of its epochs that have ended; with the last
            one, the model is kept.

    Raises:
        TrialFailed: The training of a model diverged; the message says which, and why.
    """
    models = {i: model for i, (_, task) in enumerate(work) if (model := FitResult.load(kept, task)) is not None}
    for i in models:
        progress(i, work[i][1].epochs)
    remote = _fit.options(num_cpus=pool.cpus, num_gpus=pool.gpus)
    # A fold's models share the one copy of its rows.
    shared = ray.put(training_set)
    folds = {number: ray.put(fold) for number, fold in {fold.number: fold for fold, _ in work}.items()}
    running = {
        remote.remote(shared, folds[fold.number], task, job, pool): i
        for i, (fold, task) in enumerate(work)
        if i not in models
    }
    while running:
        (ready, *_), _ = ray.wait(list(running), num_returns=1, fetch_local=False)
        i = running[ready]
        try:
            said = ray.get(next(ready))
        except StopIteration:
            del running[ready]
            continue
        except RayTaskError as error:
            if isinstance(error.cause, TrialFailed):
                raise TrialFailed(f"{work[i][1].name}: {error.cause}") from None
            raise
        if isinstance(said, FitResult):
            said.save(kept, work[i][1])
            models[i] = said
            progress(i, work[i][1].epochs)
        elif said < work[i][1].epochs:
            progress(i, said)
    return [models[i] for i in range(len(work))]


@ray.remote(num_returns="streaming", max_retries=3)  # type: ignore[untyped-decorator]
def _fit(training_set: TrainingSet, fold: Fold, task: FitTask, job: Job, pool: NodePool) -> Iterator[int | FitResult]:
    from nids.models import backend

    backend.configure(pool.cpus, pool.gpus)
    yield from fit(training_set, fold, task, job)
