"""What the commands that come after a search share: where the run's rows are, and where models are trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nids import job_file
from nids.cluster import connection, probes
from nids.cluster.parallel import parallel_map
from nids.cluster.placement import node_pools
from nids.errors import UserError, first_line
from nids.interruption import mark_told
from nids.metrics.formatting import counted
from nids.progress import ProgressDisplay
from nids.results import reopen
from nids.results.driven import refuse_if_driven
from nids.training.refit import FitResult, fit
from nids.training.trial import TrialFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from nids.cluster.placement import NodePool
    from nids.config import Job
    from nids.folds.fold import Fold, TrainingSet
    from nids.results import Run
    from nids.storage import Folder
    from nids.training.refit import FitTask, FitWork


@dataclass(frozen=True)
class Workspace:
    """Where a run is evaluated.

    Attributes:
        storage: Where runs are kept: a folder's path, or a URI.
        console: Where progress is shown.
        data: The data file, or a folder or zip archive that holds it; None for the usual places.
        address: A running cluster, as for ``nids.cluster.connection.connected``.
        overrides: Of the job's resources, as ``nids.job_file.with_resources`` takes them.
    """

    storage: str
    console: Console
    data: Path | None = None
    address: str | None = None
    overrides: Sequence[str] = field(default=())

    def reopen(self, run: Run) -> tuple[Job, TrainingSet, list[Fold]]:
        """Return the job of a run that nobody drives, what its folds share, and the folds.

        Raises:
            UserError: The run has a driver, its rows are missing or not what they were, or an override is not allowed.
        """
        refuse_if_driven(run, self.console.print)
        job, training_set, folds = reopen.folds_of_run(run, self.storage, self.data, self.console.print)
        return job_file.with_resources(job, self.overrides), training_set, folds

    def fit(
        self, run: Run, job: Job, training_set: TrainingSet, work: Sequence[FitWork], kept: Folder
    ) -> list[FitResult]:
        """Return models of a run, trained side by side on the cluster, in the order of the work.

        Args:
            run: The run.
            job: Its job, as ``reopen`` returns it.
            training_set: What the folds share.
            work: The models.
            kept: Where each model is written as soon as it is trained, and taken from if it is there already: what an
                interruption loses is the models that are being trained. The folder has to be of these folds alone.

        Raises:
            TrialFailed: The training of a model diverged; the message says which, and why.
            UserError: There is no such cluster, no node of it is large enough, or a model needs more memory than its
                process has.
        """
        with connection.connected(self.address, job.resources.cpus_per_trial):
            width, classes = max(task.width for _, task in work), len(training_set.dataset.classes)
            job = probes.with_needs(job, run.manifest.space, width, classes, self.console.print)
            pool = node_pools(job.resources)[0]
            try:
                return fit_models(training_set, work, job, pool, kept, self.console)
            except KeyboardInterrupt:
                self.console.print("Interrupted. Trained models are kept: run the same command again to continue.")
                mark_told()
                raise


def fit_models(
    training_set: TrainingSet, work: Sequence[FitWork], job: Job, pool: NodePool, kept: Folder, console: Console
) -> list[FitResult]:
    """Return the models in the order of the work; a cluster must be connected, and ``pool`` be one of its.

    The other arguments, and the errors, are those of ``Workspace.fit``.
    """
    models = {i: model for i, (_, task) in enumerate(work) if (model := FitResult.load(kept, task)) is not None}
    if models:
        console.print(
            f"Reusing {len(models)} of {counted(len(work), 'model')}: an earlier, interrupted run trained them."
        )
    missing = [i for i in range(len(work)) if i not in models]
    epochs = {i: work[i][1].epochs for i in models}  # that are done, by model
    with ProgressDisplay(console, sum(task.epochs for _, task in work), "epochs") as display:

        def show(position: int, epoch: int) -> None:
            epochs[missing[position]] = epoch
            display.update(sum(epochs.values()), f"{len(models)} of {len(work)} models trained")

        def keep(position: int, model: FitResult) -> None:
            i = missing[position]
            model.save(kept, work[i][1])
            models[i] = model
            display.print(f"{work[i][1].name}: trained ({len(models)} of {len(work)} models)")

        parallel_map(
            _fit,
            [(training_set, *work[i], job, pool) for i in missing],
            cpus=pool.cpus,
            gpus=pool.gpus,
            on_step=show,
            on_result=keep,
        )
    return [models[i] for i in range(len(work))]


def _fit(training_set: TrainingSet, fold: Fold, task: FitTask, job: Job, pool: NodePool) -> Iterator[int | FitResult]:
    from nids.models import backend

    backend.configure(pool.cpus, pool.gpus)
    try:
        yield from fit(training_set, fold, task, job)
    except TrialFailed as error:
        raise TrialFailed(f"{task.name}: {error}") from None
    except Exception as error:
        if not backend.is_out_of_memory(error):
            raise
        raise UserError(
            f"{task.name} needs more memory than its process has ({first_line(error)}). Give it more: a larger share "
            "of a GPU with --set resources.gpus_per_trial=…, or a larger node."
        ) from None
