"""Which folds predict held-out results: the trials of several searches, trained on all rows and evaluated, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from nids.analysis import rank_correlation
from nids.errors import UserError
from nids.evaluation import held_out
from nids.evaluation.evaluate import evaluate_traffic
from nids.folds.build import full_fold
from nids.interruption import held_back
from nids.metrics.formatting import counted
from nids.models import backend
from nids.results import RANK_CORRELATION, file_name, write_table
from nids.results.driven import refuse_if_driven
from nids.training.ensemble import Ensemble
from nids.training.refit import on_all
from nids.training.trial import TrialFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.analysis.rank_correlation import Configuration
    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.evaluation.workspace import Workspace
    from nids.folds.fold import TrainingSet
    from nids.metrics.evaluation import Evaluation
    from nids.results import Run


@dataclass(frozen=True, eq=False)
class RankCorrelation:
    """What the folds say of the configurations, beside what one held-out file says.

    Attributes:
        source: The held-out file.
        configurations: A row a configuration; columns of ``nids.analysis.rank_correlation.validation`` and
            ``nids.analysis.rank_correlation.held_out``.
        correlations: As ``nids.analysis.rank_correlation.correlations`` returns them.
    """

    source: str
    configurations: pd.DataFrame
    correlations: pd.DataFrame


def measure(runs: Sequence[Run], members: int, workspace: Workspace) -> list[RankCorrelation]:
    """Return for each held-out file the rank correlations; the first run's folder keeps their tables.

    Args:
        runs: Searches of the same trials on the same rows under different schemes of folds.
        members: Number of models of all rows for each configuration; their mean is judged.
        workspace: Where the rows are, and where models are trained.

    Raises:
        UserError: The searches cannot be compared, or rows are missing or are not what they were.
    """
    for run in runs:
        refuse_if_driven(run, workspace.console.print)
    configurations = rank_correlation.shared(runs)
    job, training_set, _ = workspace.reopen(runs[0])
    held_out.refuse_if_missing(training_set.dataset, job.data, workspace.data)
    validated = rank_correlation.validation(runs, configurations)
    detectors = _detectors(runs[0], configurations, members, job, training_set, workspace)
    purpose = f"rank correlation, {len(configurations)} configurations"
    outcome = []
    for traffic in held_out.read_for(runs, purpose, workspace.data, workspace.console):
        judged = rank_correlation.held_out([_evaluate(detector, traffic, training_set) for detector in detectors])
        outcome.append(
            RankCorrelation(
                traffic.source,
                pd.concat([validated, judged], axis=1),
                rank_correlation.correlations(validated, judged),
            )
        )
    with held_back("the results are written"):
        _write(runs[0], outcome)
    return outcome


def _detectors(
    run: Run,
    configurations: Sequence[Configuration],
    members: int,
    job: Job,
    training_set: TrainingSet,
    workspace: Workspace,
) -> list[Ensemble]:
    """Return for each configuration the mean of its models of all rows."""
    all_rows, epochs = full_fold(training_set, job), job.training.epochs
    workspace.console.print(
        f"{counted(len(configurations), 'configuration')}; training {counted(members, 'model')} of each on all "
        f"{len(training_set.rows):,} rows, {counted(epochs, 'epoch')}",
        highlight=False,
    )
    work = []
    for configuration in configurations:
        name = f"trial {configuration.trials[0]}"
        work += on_all(all_rows, members, job, configuration.hyperparameters, epochs, name)
    unfinished = run.folder.folder(RANK_CORRELATION).folder("unfinished")
    try:
        models = workspace.fit(run, job, training_set, work, unfinished)
    except TrialFailed as error:
        raise UserError(
            f"a model could not be trained: {error}. Leave such trials out of both searches: narrow their space."
        ) from None
    backend.configure_alone()
    return [
        Ensemble.of_networks(
            training_set.dataset,
            all_rows.encoding,
            configuration.hyperparameters,
            [model.weights for model in models[i * members : (i + 1) * members]],
        )
        for i, configuration in enumerate(configurations)
    ]


def _evaluate(detector: Ensemble, traffic: Traffic, training_set: TrainingSet) -> Evaluation:
    probabilities = detector.probabilities(traffic.features)
    return evaluate_traffic(probabilities, traffic, training_set, thresholds={})


def _write(run: Run, outcome: Sequence[RankCorrelation]) -> None:
    folder = run.folder.folder(RANK_CORRELATION)
    for of_file in outcome:
        name = file_name(of_file.source)
        write_table(folder, f"configurations-{name}.parquet", of_file.configurations)
        write_table(folder, f"correlations-{name}.parquet", of_file.correlations)
    folder.folder("unfinished").delete()
