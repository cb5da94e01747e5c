"""The baselines of a run, trained side by side on the cluster: on its folds, then on all rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import ray

from nids.cluster import connection
from nids.evaluation import held_out as heldout
from nids.evaluation.baseline_models import Baseline, FittedBaseline, baselines_of, fit
from nids.folds.build import full_fold
from nids.folds.encoding import compact
from nids.metrics.detection import FALSE_POSITIVE_RATES, attack_scores, threshold_at
from nids.metrics.evaluate import evaluate_traffic
from nids.metrics.measures import ON_FOLDS
from nids.progress import counted
from nids.results import reopen, write_table
from nids.results.evaluation import BaselineEvaluation, BaselinesEvaluation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Progress

    from nids.datasets.traffic import Traffic
    from nids.folds.fold import Fold, TrainingSet
    from nids.results import Run
    from nids.storage import Folder

FOLDER = "baselines"


def run(
    found: Run,
    storage: str,
    data: Path | None,
    address: str | None,
    console: Console,
) -> None:
    """Measure all baselines on the folds of a run and on its held-out rows, and write them beside its trials.

    The arguments and errors are those of ``nids.detector.finalize.run``.
    """
    job, training_set, folds = reopen.folds_of_run(found, storage, data, console.print)
    heldout.refuse_if_missing(training_set.dataset, job.data, data)
    baselines = baselines_of(job.folds.resampling)
    folder = found.folder.folder(FOLDER)
    with connection.connected(address):
        shared = ray.put(training_set)
        with counted(console) as progress:
            on_folds = _fit_all(
                [(baseline, fold, None) for baseline in baselines for fold in folds],
                shared,
                job.search.seed,
                progress,
                "baselines on the folds",
            )
        _write_folds(folder, on_folds, folds)
        everything = full_fold(training_set, job)
        held_out = heldout.read_for([found], "baselines", data, console)
        encoded = _encoded(held_out, everything)
        with counted(console) as progress:
            on_all = _fit_all(
                [(baseline, everything, encoded) for baseline in baselines],
                shared,
                job.search.seed,
                progress,
                "baselines on all rows",
            )
    thresholds = _thresholds(on_folds, training_set, folds)
    evaluation = BaselinesEvaluation(
        created=datetime.now(UTC), held_out=_evaluations(on_all, thresholds, held_out, training_set)
    )
    folder.write("evaluation.json", evaluation.to_json())


def _fit_all(
    tasks: Sequence[tuple[Baseline, Fold, np.ndarray | None]],
    training_set: ray.ObjectRef,
    seed: int,
    progress: Progress,
    title: str,
) -> list[FittedBaseline]:
    """Return what each task gives, in their order."""
    bar = progress.add_task(title, total=len(tasks))
    # What several tasks share is put once.
    shared = {id(part): ray.put(part) for task in tasks for part in task[1:] if part is not None}
    fitted = [
        _fit.remote(baseline, training_set, shared[id(fold)], seed, shared.get(id(others)))
        for baseline, fold, others in tasks
    ]
    waiting = fitted
    while waiting:
        ready, waiting = ray.wait(waiting)
        progress.advance(bar, len(ready))
    found: list[FittedBaseline] = ray.get(fitted)
    return found


@ray.remote(num_cpus=1)  # type: ignore[untyped-decorator]
def _fit(
    baseline: Baseline, training_set: TrainingSet, fold: Fold, seed: int, others: np.ndarray | None
) -> FittedBaseline:
    # Ray sets the number of threads of a task's process to its CPUs.
    return fit(baseline, training_set, fold, seed, others)


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
    calm = {fold.number: training_set.labels[fold.validation] == benign for fold in folds}
    scores: dict[Baseline, list[np.ndarray]] = {}
    for entry in fitted:
        found = attack_scores(entry.probabilities[calm[entry.fold]], benign)
        scores.setdefault(entry.baseline, []).append(found)
    return {
        baseline: {str(rate): threshold_at(np.concatenate(parts), rate) for rate in FALSE_POSITIVE_RATES}
        for baseline, parts in scores.items()
    }


def _encoded(held_out: Sequence[Traffic], everything: Fold) -> np.ndarray:
    """Return the rows of all held-out files one after another, float32 of shape (rows, width)."""
    parts = []
    for traffic in held_out:
        rows = compact(traffic.features, traffic.dataset)
        parts.append(everything.encoding.transform(rows, np.arange(len(rows))))
    return np.concatenate(parts)


def _evaluations(
    fitted: Iterable[FittedBaseline],
    thresholds: dict[Baseline, dict[str, float]],
    held_out: Sequence[Traffic],
    training_set: TrainingSet,
) -> tuple[BaselineEvaluation, ...]:
    """Return what each held-out file says of each baseline."""
    evaluations = []
    for entry in fitted:
        baseline = entry.baseline
        for traffic, probabilities in _by_file(held_out, entry.probabilities):
            evaluation = evaluate_traffic(probabilities, traffic, training_set.attack_types, thresholds[baseline])
            of_baseline = {"model": baseline.model, "resampled": baseline.resampled, "file": traffic.source}
            evaluations.append(BaselineEvaluation.model_validate({**evaluation.model_dump(), **of_baseline}))
    return tuple(evaluations)


def _by_file(held_out: Sequence[Traffic], probabilities: np.ndarray) -> Iterator[tuple[Traffic, np.ndarray]]:
    ends = np.cumsum([len(traffic.label) for traffic in held_out])[:-1]
    yield from zip(held_out, np.split(probabilities, ends), strict=True)
