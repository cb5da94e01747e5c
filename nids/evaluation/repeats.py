"""The best trials of a search, trained again: other seeds, other folds.

The best of many values is better than what its trial is worth, as luck took part in choosing it. What the same
hyperparameters come to with other seeds, and when the same rows are split another way, is told here. That the rows took
part in the choice is not undone by it: held-out rows are for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from nids import datasets, job_file
from nids.cluster import connection, probes
from nids.cluster.parallel import parallel_map
from nids.cluster.placement import node_pools
from nids.errors import UserError, first_line
from nids.folds.build import build_folds
from nids.folds.fold import TrainingSet
from nids.metrics.formatting import counted
from nids.progress import ProgressDisplay
from nids.results import ranking, write_table
from nids.results.driven import refuse_if_driven
from nids.results.ownership import locked
from nids.results.run import REPEATS
from nids.seeding import derived_seed
from nids.training.trial import TrialFailed, run_trial

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nids.cluster.placement import NodePool
    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.evaluation.workspace import Workspace
    from nids.folds.fold import Fold
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.results import Run

# What the seeds of repeats are made of, beside the job's seed and their number.
REPEAT = 2_000_000


@dataclass(frozen=True)
class Repeat:
    """A trial to be trained again.

    Attributes:
        trial: Its number.
        number: Which repeat it is, from 1.
        hyperparameters: Those of the trial.
    """

    trial: int
    number: int
    hyperparameters: TrainingHyperparameters


def best(run: Run, count: int) -> list[int]:
    """Return the numbers of a search's best trials, as it has found them.

    Raises:
        UserError: No trial is complete.
    """
    trials = ranking.the_best(run.trials(), run.direction, count, as_searched=True)
    if trials.empty:
        kept = " that keeps the constraints" if run.manifest.job.search.constraints else ""
        raise UserError(f"{run.name} has no complete trial{kept}, so there is none to be trained again.")
    return trials["trial"].tolist()


def repeat(run: Run, numbers: Sequence[int], times: int, workspace: Workspace) -> pd.DataFrame:
    """Train trials of a run again, and return what ``Run.repeats`` gives from then on.

    All trials of a repeat have the same folds and seeds. What is there already is not trained again.

    Args:
        run: The run.
        numbers: Those of complete trials.
        times: How often each is trained.
        workspace: Where the rows are, and where models are trained.

    Raises:
        UserError: The run has a driver, or its rows are not what they were.
    """
    refuse_if_driven(run, workspace.console.print)
    trials = run.trials()
    chosen = trials.set_index("trial", drop=False).loc[list(numbers)]
    done = run.repeats()
    there = {*zip(done["trial"], done["repeat"], strict=True)}
    rows: Any = chosen.to_dict("records")
    missing = [
        Repeat(int(row["trial"]), number, run.manifest.hyperparameters_of(row))
        for number in range(1, times + 1)
        for row in rows
        if (row["trial"], number) not in there
    ]
    if missing:
        _train(run, missing, workspace)
    return run.repeats()


def _train(run: Run, missing: list[Repeat], workspace: Workspace) -> None:
    job = job_file.with_resources(run.manifest.job, workspace.overrides)
    traffic = datasets.load_for(
        job.data, job.search.seed, workspace.data, run.manifest.dataset, workspace.console.print
    )
    if traffic.sha256 != run.manifest.data.sha256:
        raise UserError(
            f"{run.name} was searched on other rows than those at hand ({traffic.source}): repeats could not be "
            "compared with its trials. Name the rows with --data."
        )
    training_set = TrainingSet.from_traffic(traffic)
    total = counted(len(missing), "training")
    with (
        connection.connected(workspace.address, job.resources.cpus_per_trial),
        ProgressDisplay(workspace.console, len(missing), "repeats") as display,
    ):
        width, classes = run.manifest.folds.width, len(training_set.dataset.classes)
        job = probes.with_needs(job, run.manifest.space, width, classes, workspace.console.print)
        pool = node_pools(job.resources)[0]
        display.print(f"{run.name}: {total} of the best trials again, each with other folds and seeds")
        for number in sorted({each.number for each in missing}):
            repeats = [each for each in missing if each.number == number]
            _train_on(run, repeats, job, traffic, training_set, pool, display)


def _train_on(
    run: Run,
    repeats: list[Repeat],
    job: Job,
    traffic: Traffic,
    training_set: TrainingSet,
    pool: NodePool,
    display: ProgressDisplay,
) -> None:
    """Train the trials of one repeat side by side, and write each as soon as it is done."""
    seed = derived_seed(job.search.seed, REPEAT + repeats[0].number)
    job = job.model_copy(update={"search": job.search.model_copy(update={"seed": seed})})
    folds = build_folds(training_set, traffic, job, lambda _: None)

    def keep(position: int, figures: dict[str, Any]) -> None:
        repeated = repeats[position]
        _add(run, {"trial": repeated.trial, "repeat": repeated.number, "seed": seed, **figures})
        failed = f": {figures['error']}" if figures["error"] else ""
        display.print(f"trial {repeated.trial}, repeat {repeated.number} is done{failed}")
        display.advance()

    items = [(each.hyperparameters, training_set, folds, job, pool) for each in repeats]
    parallel_map(_whole, items, cpus=pool.cpus, gpus=pool.gpus, memory=pool.memory, on_result=keep)


def _add(run: Run, row: dict[str, Any]) -> None:
    """Add a repeat to those of a run, of which another process may train others at the same time.

    Raises:
        UserError: The run was deleted or renamed meanwhile.
    """
    if not run.has_file("manifest.json"):
        raise UserError(f"{run.uri} is no more: it was deleted or renamed while its trials were trained again.")
    with locked(run.folder):
        write_table(run.folder, REPEATS, pd.DataFrame([*run.repeats().to_dict("records"), row]))


def _whole(
    hp: TrainingHyperparameters, training_set: TrainingSet, folds: list[Fold], job: Job, pool: NodePool
) -> Iterator[int | dict[str, Any]]:
    """Run a trial to its end, and yield its epochs and, last, its figures at its best one."""
    from nids.models import backend

    backend.configure(pool.cpus, pool.gpus)
    best: dict[str, Any] = {}
    error = None
    try:
        for report in run_trial(hp, training_set, folds, job):
            if report["best_epoch"] == report["epoch"]:
                best = {name: value for name, value in report.items() if name not in ("folds", "finished", "epoch")}
            yield report["epoch"]
    except TrialFailed as failure:
        best, error = {}, str(failure)
    except Exception as raised:
        if not backend.is_out_of_memory(raised):
            raise
        best, error = {}, f"it needs more memory than its share: {first_line(raised)}"
    value = best.get(job.search.measures[0])
    yield {**best, "value": value, "error": error}
