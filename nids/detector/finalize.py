"""The end of a search: its best trials trained on all rows, saved as a detector, and judged by the held-out files."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nids.cluster import connection
from nids.detector import bundle
from nids.detector.boosted_trees import NAME
from nids.detector.bundle_files import BUNDLE, refuse_unreadable
from nids.detector.candidates import Candidates, choose, choose_best, tuned_hyperparameters
from nids.detector.judge import judge, judge_components, judge_folds, judge_out_of_fold
from nids.detector.manifest import Manifest, TrainingData
from nids.detector.model_card import model_card
from nids.detector.out_of_fold import calibration_of, out_of_fold, thresholds_of
from nids.detector.selection import mixed, select, select_without_each
from nids.errors import UserError
from nids.evaluation import held_out
from nids.evaluation.tuned_models import FROM_EXTRA, TUNED_MODELS
from nids.folds.build import full_fold
from nids.interruption import held_back
from nids.metrics.cross_validation import judged_rows
from nids.metrics.formatting import counted
from nids.models import backend
from nids.results import UNFINISHED, file_name, write_table
from nids.results.evaluation import Calibration, FinalEvaluation
from nids.storage import Folder
from nids.terminal import styled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd

    from nids.config import Job
    from nids.datasets.schema import DatasetSpec
    from nids.detector.bundle import Bundle
    from nids.detector.candidates import Choice
    from nids.detector.manifest import Component
    from nids.evaluation.workspace import Workspace
    from nids.folds.encoding import Encoding
    from nids.folds.fold import Fold, TrainingSet
    from nids.metrics.judged_rows import JudgedRows
    from nids.results import Run

    # What a bundle is saved of, but for its card.
    Parts = tuple[Manifest, DatasetSpec, Encoding, Sequence[Mapping[str, np.ndarray]]]

FOLDER = "final"
VERSIONS_OF = ("nids", "numpy", "imbalanced-learn", "scikit-learn")


def finalize(
    run: Run,
    trial: int | None,
    members: int,
    workspace: Workspace,
    picked_by: str = "",
    *,
    best: int = 1,
    boosting: bool = False,
) -> Bundle:
    """Train a detector, save it and judge it; ``final/`` and ``bundle/`` of the run hold the outcome.

    Of several candidates, the folds choose those that it consists of, and their weights. What the folds say of it is
    then of the weights that, for each fold, the others choose.

    Args:
        run: The run.
        trial: The trial, or None for the best ones.
        members: How many networks to train on the same rows, each from another seed: the detector is their mean, and
            their spread says how much chance there is in its figures. The folds have as many, so that thresholds and
            calibration are of what is saved, not of one network of it.
        workspace: Where the rows are, and where models are trained.
        picked_by: The rule that has picked the trial, if one has.
        best: How many of the best trials are candidates, where no trial is named.
        boosting: Whether boosted trees are a candidate too.

    Raises:
        UserError: There is nothing to finalize, rows are missing or are not what they were, their encoding would be too
            large for a detector, or XGBoost is not installed.
    """
    choices = choose_best(run, best) if trial is None else [choose(run, trial)]
    trees = _trees(run, workspace) if boosting else None
    job, training_set, folds = workspace.reopen(run)
    held_out.refuse_if_missing(training_set.dataset, job.data, workspace.data)
    all_rows = full_fold(training_set, job)
    refuse_unreadable(run.folder.folder(BUNDLE), {"encoding.json": all_rows.encoding.to_json().encode()})
    candidates = Candidates(run, job, training_set, choices, members, trees, workspace)
    workspace.console.print(
        styled("[bold]{name}[/]: {what}", name=run.name, what=_in_words(choices, members, trees, folds, training_set)),
        highlight=False,
    )
    with connection.connected(workspace.address, job.resources.cpus_per_trial):
        by_fold = [
            [judged_rows(training_set, fold, probabilities) for probabilities in of_fold]
            for fold, of_fold in zip(folds, candidates.on_folds(folds, all_rows), strict=True)
        ]
        weights, without_each = _weights(by_fold, folds, job)
        arrays = candidates.on_all(all_rows, weights)
    components = candidates.components(weights)
    probabilities = [mixed(rows, w).probabilities for rows, w in zip(by_fold, without_each, strict=True)]
    predictions = out_of_fold(training_set, folds, probabilities)

    manifest = _manifest(run, components, job, training_set, all_rows, predictions)
    parts = (manifest, training_set.dataset, all_rows.encoding, arrays)
    detector = _saved_and_read(parts)
    purpose = f"finalize {' and '.join(component.name for component in components)}"
    files = held_out.read_for([run], purpose, workspace.data, workspace.console)
    judged = {traffic.source: judge(detector, traffic, training_set) for traffic in files}
    evaluation = FinalEvaluation(
        created=datetime.now(UTC),
        trial=choices[0].trial,
        picked_by=picked_by,
        epochs=choices[0].epochs,
        members=manifest.members,
        components=judge_components(candidates.names(), weights, by_fold) if len(weights) > 1 else (),
        thresholds={str(rate): threshold for rate, threshold in manifest.thresholds.items()},
        calibration=Calibration(**manifest.calibration.model_dump()),
        out_of_fold=judge_out_of_fold(detector, predictions),
        folds=judge_folds(training_set, folds, probabilities),
        held_out={source: of_file for source, (of_file, _) in judged.items()},
    )
    tables = {
        "out_of_fold": predictions,
        **{f"predictions-{file_name(source)}": of_rows for source, (_, of_rows) in judged.items()},
    }
    _write(run, evaluation, tables, parts, model_card(manifest, choices[0].row, evaluation))
    return detector


def _saved_and_read(parts: Parts) -> Bundle:
    """Return a detector as it is read once it was saved: that is evaluated, not what happens to be in memory."""
    # Scoring is this process's own work, with all that the machine has.
    backend.configure_alone()
    with tempfile.TemporaryDirectory() as temporary:
        draft = Folder.from_uri(temporary)
        bundle.save(draft, *parts)
        return bundle.load(draft)


def _write(run: Run, evaluation: FinalEvaluation, tables: Mapping[str, pd.DataFrame], parts: Parts, card: str) -> None:
    folder, bundle_folder = run.folder.folder(FOLDER), run.folder.folder(BUNDLE)
    with held_back("the results are written"):
        # First the former detector goes, last comes the new one: no end of this process leaves one beside the other's
        # evaluation.
        bundle_folder.delete()
        for name, table in tables.items():
            write_table(folder, f"{name}.parquet", table)
        folder.write("evaluation.json", evaluation.to_json())
        bundle.save(bundle_folder, *parts, card=card)
        run.folder.folder(UNFINISHED).delete()


def _trees(run: Run, workspace: Workspace) -> dict[str, int | float]:
    """Return the hyperparameters of boosted trees; UserError if XGBoost is not installed."""
    if not TUNED_MODELS[NAME].is_installed:
        raise UserError(f"--boosting needs XGBoost, which is not installed. It comes with {FROM_EXTRA}")
    hyperparameters, tuned = tuned_hyperparameters(run)
    if not tuned:
        workspace.console.print(
            "The boosted trees have hyperparameters that nobody has tuned on these folds; `nids baselines --tuned` "
            "does, before this."
        )
    return hyperparameters


def _weights(
    by_fold: Sequence[Sequence[JudgedRows]], folds: Sequence[Fold], job: Job
) -> tuple[tuple[float, ...], list[tuple[float, ...]]]:
    """Return the weight of each candidate, and for each fold those that the other folds choose."""
    if len(by_fold[0]) == 1:
        return (1.0,), [(1.0,)] * len(by_fold)
    metric = job.search.metric
    splits = [fold.number // job.folds.count for fold in folds]
    return select(by_fold, metric), select_without_each(by_fold, splits, metric)


def _in_words(
    choices: Sequence[Choice],
    members: int,
    trees: object,
    folds: Sequence[Fold],
    training_set: TrainingSet,
) -> str:
    numbers = ", ".join(str(choice.trial) for choice in choices)
    rows = f"({counted(len(folds), 'fold')} + all {len(training_set.rows):,} rows)"
    if len(choices) == 1 and trees is None:
        return f"trial {numbers}, {counted(choices[0].epochs, 'epoch')}; training {counted(members, 'seed')} × {rows}"
    trials = f"trial{'s' if len(choices) > 1 else ''} {numbers}, {counted(members, 'seed')} of each"
    return f"candidates: {trials}{', and boosted trees' if trees else ''}; training on {rows}"


def _manifest(
    run: Run,
    components: Sequence[Component],
    job: Job,
    training_set: TrainingSet,
    all_rows: Fold,
    predictions: pd.DataFrame,
) -> Manifest:
    return Manifest(
        dataset=training_set.dataset.name,
        class_map=job.data.class_map or training_set.dataset.label_maps[0].name,
        classes=training_set.dataset.classes,
        run=run.name,
        components=tuple(components),
        thresholds=thresholds_of(predictions, training_set),
        calibration=calibration_of(predictions, training_set, all_rows, components),
        data=TrainingData(**run.manifest.data.model_dump(include={*TrainingData.model_fields})),
        created=datetime.now(UTC).isoformat(),
        versions=backend.versions(VERSIONS_OF),
    )
