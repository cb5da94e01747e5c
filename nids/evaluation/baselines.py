"""The baselines of a run, trained side by side on the cluster: on its folds, then on all rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nids.cluster import connection
from nids.cluster.parallel import parallel_map
from nids.evaluation import held_out
from nids.evaluation.baseline_models import Baseline, FittedBaseline, baselines_of, fit
from nids.evaluation.evaluate import evaluate_traffic
from nids.evaluation.tuning import tune
from nids.folds.build import full_fold
from nids.folds.encoding import compact
from nids.interruption import held_back
from nids.metrics.detection import FALSE_POSITIVE_RATES, attack_scores, threshold_at
from nids.metrics.measures import ON_FOLDS
from nids.progress import ProgressDisplay
from nids.results import write_table
from nids.results.evaluation import BaselineEvaluation, BaselinesEvaluation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from nids.datasets.traffic import Traffic
    from nids.evaluation.tuning import TuningBudget
    from nids.evaluation.workspace import Workspace
    from nids.folds.fold import Fold, TrainingSet
    from nids.results import Run
    from nids.storage import Folder

FOLDER = "baselines"


def measure(run: Run, workspace: Workspace, budget: TuningBudget | None = None) -> None:
    """Measure all baselines on the folds of a run and on its held-out rows, and write them beside its trials.

    Args:
        run: The run.
        workspace: Where it is evaluated.
        budget: With it, strong models are tuned on the folds, and measured beside the others.

    Raises:
        UserError: The run has a driver, or rows are missing or are not what they were.
    """
    console = workspace.console
    job, training_set, folds = workspace.reopen(run)
    held_out.refuse_if_missing(training_set.dataset, job.data, workspace.data)
    baselines = baselines_of(job.folds.resampling)
    seed = job.search.seed
    with connection.connected(workspace.address):
        if budget is not None:
            baselines += tune(run, job, training_set, folds, budget, console)
        on_folds = _fit_all(
            [(baseline, training_set, fold, seed) for baseline in baselines for fold in folds], "on the folds", console
        )
        all_rows = full_fold(training_set, job)
        files = held_out.read_for([run], "baselines", workspace.data, console)
        encoded = _encoded(files, all_rows)
        on_all = _fit_all(
            [(baseline, training_set, all_rows, seed, encoded) for baseline in baselines], "on all rows", console
        )
    thresholds = _thresholds(on_folds, training_set, folds)
    evaluation = BaselinesEvaluation(
        created=datetime.now(UTC), held_out=_evaluations(on_all, thresholds, files, training_set)
    )
    folder = run.folder.folder(FOLDER)
    with held_back("the results are written"):
        _write_folds(folder, on_folds, folds)
        folder.write("evaluation.json", evaluation.to_json())


def _fit_all(items: Sequence[tuple[Any, ...]], rows: str, console: Console) -> list[FittedBaseline]:
    with ProgressDisplay(console, len(items), f"baselines {rows}") as display:
        return parallel_map(_fit, items, on_result=lambda _item, _baseline: display.advance())


def _fit(*arguments: Any) -> Iterator[FittedBaseline]:
    # Ray sets the number of threads of a task's process to its CPUs.
    yield fit(*arguments)


def _write_folds(folder: Folder, fitted: Iterable[FittedBaseline], folds: Sequence[Fold]) -> None:
    sides = {fold.number: fold for fold in folds}
    rows = [
        {
            "model": entry.baseline.model,
            "resampled": entry.baseline.resampled,
            "fold": entry.fold,
            "training_rows": len(sides[entry.fold].training),
            "validation_rows": len(sides[entry.fold].validation),
            "seconds": entry.seconds,
            **{name: entry.figures.get(name) for name in ON_FOLDS},
            "confusion": entry.figures["confusion"],
            "attacks": entry.figures["attacks"],
        }
        for entry in fitted
    ]
    write_table(folder, "folds.parquet", pd.DataFrame(rows))


def _thresholds(
    fitted: Iterable[FittedBaseline], training_set: TrainingSet, folds: Sequence[Fold]
) -> dict[Baseline, dict[str, float]]:
    """Return each baseline's thresholds, from the benign rows that its folds' models were not trained on."""
    benign = training_set.dataset.benign_label
    benign_rows = {fold.number: training_set.labels[fold.validation] == benign for fold in folds}
    scores: dict[Baseline, list[np.ndarray]] = {}
    for entry in fitted:
        of_fold = attack_scores(entry.probabilities[benign_rows[entry.fold]], benign)
        scores.setdefault(entry.baseline, []).append(of_fold)
    return {
        baseline: {str(rate): threshold_at(np.concatenate(parts), rate) for rate in FALSE_POSITIVE_RATES}
        for baseline, parts in scores.items()
    }


def _encoded(files: Sequence[Traffic], all_rows: Fold) -> np.ndarray:
    """Return the rows of all held-out files one after another, float32 of shape (rows, width)."""
    parts = []
    for traffic in files:
        rows = compact(traffic.features, traffic.dataset)
        parts.append(all_rows.encoding.transform(rows, np.arange(len(rows))))
    return np.concatenate(parts)


def _evaluations(
    fitted: Iterable[FittedBaseline],
    thresholds: dict[Baseline, dict[str, float]],
    files: Sequence[Traffic],
    training_set: TrainingSet,
) -> tuple[BaselineEvaluation, ...]:
    """Return what each held-out file says of each baseline."""
    evaluations = []
    for entry in fitted:
        baseline = entry.baseline
        for traffic, probabilities in _by_file(files, entry.probabilities):
            evaluation = evaluate_traffic(probabilities, traffic, training_set, thresholds[baseline])
            of_baseline = {"model": baseline.model, "resampled": baseline.resampled, "file": traffic.source}
            evaluations.append(BaselineEvaluation.model_validate({**evaluation.model_dump(), **of_baseline}))
    return tuple(evaluations)


def _by_file(files: Sequence[Traffic], probabilities: np.ndarray) -> Iterator[tuple[Traffic, np.ndarray]]:
    ends = np.cumsum([len(traffic.label) for traffic in files])[:-1]
    yield from zip(files, np.split(probabilities, ends), strict=True)
