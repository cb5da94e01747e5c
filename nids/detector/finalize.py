"""The finalization of a run on the cluster, from its name to its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids import config
from nids.cluster import connection, gpu_probe
from nids.cluster.parallel import fit_with_progress
from nids.cluster.placement import node_pools
from nids.detector import final_model
from nids.errors import UserError
from nids.evaluation import held_out
from nids.models import backend
from nids.results import UNFINISHED, reopen
from nids.training.trial import TrialFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from nids.datasets.traffic import Traffic
    from nids.detector.bundle import Bundle
    from nids.results import Run
    from nids.training.refit import FitResult, FitWork


def run(
    found: Run,
    trial: int | None,
    members: int,
    storage: str,
    data: Path | None,
    address: str | None,
    console: Console,
    overrides: Sequence[str] = (),
) -> Bundle:
    """Train, judge and save a trial of a run.

    Args:
        found: The run.
        trial: The trial, or None for the best one.
        members: Number of models that are trained on all rows, and on each fold.
        storage: Where the run is.
        data: Where the data files are, as for ``nids.datasets.load_for``; without it, the usual places.
        address: A running cluster, as for ``nids.cluster.connection.connected``.
        console: Where progress is shown.
        overrides: Of the job's resources, as ``nids.config.with_resources`` takes them.

    Raises:
        UserError: There is nothing to finalize, or rows are missing or are not what they were.
    """
    choice = final_model.choose(found, trial)
    job, training_set, folds = reopen.folds_of_run(found, storage, data, console.print)
    job = config.with_resources(job, overrides)
    held_out.refuse_if_missing(training_set.dataset, job.data, data)
    seeds = "1 seed" if members == 1 else f"{members} seeds"
    console.print(
        f"[bold]{found.name}[/]: trial {choice.trial}, {choice.epochs} epochs; {seeds} on each of {len(folds)} "
        f"folds, for what they say of rows not trained on, and on all {len(training_set.rows):,} rows",
        highlight=False,
    )
    unfinished = found.folder.folder(UNFINISHED)

    def train(work: Sequence[FitWork]) -> list[FitResult]:
        try:
            return fit_with_progress(training_set, work, job, place, unfinished, console)
        except TrialFailed as error:
            raise UserError(f"a model could not be trained: {error}. Choose another trial (--trial).") from None

    def read_held_out() -> list[Traffic]:
        return held_out.read_for([found], f"finalize trial {choice.trial}", data, console)

    with connection.connected(address):
        # The widest fold's features; a network of all rows may have a few more.
        manifest, classes = found.manifest, len(training_set.dataset.classes)
        job = gpu_probe.with_share(job, manifest.space, manifest.folds.width, classes, console.print)
        place = node_pools(job.resources)[0]
        # Scoring the held-out rows is this process's own work, with all that the machine has.
        backend.configure_alone()
        detector = final_model.finalize(found, choice, job, training_set, folds, members, train, read_held_out)
    unfinished.delete()
    return detector
