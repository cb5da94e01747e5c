"""The trials of several searches, trained on all rows on the cluster and held against the held-out rows, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from nids import config
from nids.analysis import rank_correlation
from nids.cluster import connection, gpu_probe
from nids.cluster.parallel import fit_with_progress
from nids.cluster.placement import node_pools
from nids.errors import UserError
from nids.evaluation import held_out as heldout
from nids.folds.build import full_fold
from nids.metrics.evaluate import evaluate_traffic
from nids.models import backend
from nids.report import rank_correlation as report
from nids.results import RANK_CORRELATION, file_name, reopen, write_table
from nids.training.ensemble import Ensemble
from nids.training.refit import on_all
from nids.training.trial import TrialFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from nids.datasets.traffic import Traffic
    from nids.results import Run
    from nids.storage import Folder


def run(
    runs: Sequence[Run],
    members: int,
    storage: str,
    data: Path | None,
    address: str | None,
    console: Console,
    overrides: Sequence[str] = (),
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Return for each held-out file what became of each configuration, and the rank correlations.

    They are written into the folder ``rank_correlation`` of the first run too, with a picture of each file.

    Args:
        runs: Searches of the same trials on the same rows under different schemes of folds.
        members: Number of models of all rows for each configuration; their mean is judged.
        storage: Where the runs are.
        data: Where the data files are, as for ``nids.datasets.load_for``; without it, the usual places.
        address: A running cluster, as for ``nids.cluster.connection.connected``.
        console: Where progress is shown.
        overrides: Of the first job's resources, as ``nids.config.with_resources`` takes them.

    Raises:
        UserError: The searches cannot be compared, or rows are missing or are not what they were.
    """
    for one in runs:
        reopen.refuse_if_driven(one)
    configurations = rank_correlation.shared(runs)
    job, training_set, _ = reopen.folds_of_run(runs[0], storage, data, console.print)
    job = config.with_resources(job, overrides)
    heldout.refuse_if_missing(training_set.dataset, job.data, data)
    folder = runs[0].folder.folder(RANK_CORRELATION)
    validated = rank_correlation.validation(runs, configurations)
    everything = full_fold(training_set, job)
    console.print(
        f"{len(configurations)} configurations; of each {members} on all {len(training_set.rows):,} rows, "
        f"{job.training.epochs} epochs",
        highlight=False,
    )
    work = [
        of_one
        for configuration in configurations
        for of_one in on_all(
            everything,
            members,
            job,
            configuration.hyperparameters,
            job.training.epochs,
            f"trial {configuration.trials[0]}",
        )
    ]
    unfinished = folder.folder("unfinished")
    with connection.connected(address):
        space, classes = runs[0].manifest.space, len(training_set.dataset.classes)
        job = gpu_probe.with_share(job, space, everything.encoding.width, classes, console.print)
        place = node_pools(job.resources)[0]
        try:
            models = fit_with_progress(training_set, work, job, place, unfinished, console)
        except TrialFailed as error:
            raise UserError(
                f"a model could not be trained: {error}. Leave such trials out of both searches: narrow their space."
            ) from None
    backend.configure_alone()
    # Of each configuration its members, one after another.
    weights = [model.weights for model in models]
    detectors = [
        Ensemble.from_weights(
            training_set.dataset,
            everything.encoding,
            configuration.hyperparameters,
            weights[configuration.number * members : (configuration.number + 1) * members],
        )
        for configuration in configurations
    ]
    found = {}
    for traffic in heldout.read_for(runs, f"rank correlation, {len(configurations)} configurations", data, console):
        told = rank_correlation.held_out(
            [
                evaluate_traffic(
                    detector.probabilities(traffic.features), traffic, training_set.attack_types, thresholds={}
                )
                for detector in detectors
            ]
        )
        table, rho = pd.concat([validated, told], axis=1), rank_correlation.correlations(validated, told)
        _write(folder, traffic, table, rho)
        found[traffic.source] = table, rho
    unfinished.delete()
    return found


def _write(folder: Folder, traffic: Traffic, table: pd.DataFrame, rho: pd.DataFrame) -> None:
    name = file_name(traffic.source)
    write_table(folder, f"configurations-{name}.parquet", table)
    write_table(folder, f"correlations-{name}.parquet", rho)
    folder.write(f"{name}.png", report.picture(table, rho, traffic.source))
