"""What a detector can consist of: trials of a search and boosted trees, each trained on the folds and on all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nids.cluster.parallel import parallel_map
from nids.command_line import command_on
from nids.detector.boosted_trees import NAME, BoostedTrees
from nids.detector.manifest import Networks, Trees
from nids.errors import UserError
from nids.evaluation.tuned_models import TUNED_MODELS
from nids.metrics.formatting import counted
from nids.progress import ProgressDisplay
from nids.results import UNFINISHED, ranking
from nids.training.refit import on_all, on_folds
from nids.training.trial import TrialFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nids.config import Job
    from nids.detector.manifest import Component
    from nids.evaluation.workspace import Workspace
    from nids.folds.fold import Fold, TrainingSet
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.results import Run
    from nids.training.refit import FitResult, FitWork


@dataclass(frozen=True)
class Choice:
    """A trial that is to become a detector, or a part of one.

    Attributes:
        trial: Its number.
        hyperparameters: Those of the trial, and those that its job fixes.
        epochs: The epoch whose mean over the folds was the trial's best.
        row: Its row in the run store's trials.
    """

    trial: int
    hyperparameters: TrainingHyperparameters
    epochs: int
    row: dict[str, Any]

    def component(self, model: str, members: int, weight: float) -> Networks:
        """Return what a bundle says of it."""
        return Networks(
            trial=self.trial,
            model=model,
            hyperparameters=self.hyperparameters,
            epochs=self.epochs,
            members=members,
            weight=weight,
        )


def choose_best(run: Run, count: int = 1) -> list[Choice]:
    """Return the best trials of a run, the best one first; so many, or as many as are complete.

    Raises:
        UserError: None is.
    """
    rows = _rows(run)
    trials = ranking.the_best(run.trials(), run.direction, count)["trial"]
    if not trials.empty:
        return [_choice(run, rows[int(trial)]) for trial in trials]
    if any(row["state"] == "COMPLETE" for row in rows.values()):
        limits = " and ".join(map(str, run.manifest.job.search.limits))
        raise UserError(f"{run.name} has no complete trial that keeps {limits}. Choose one all the same (--trial).")
    if run.state == "finished":
        reason = next((row["error"] for row in rows.values() if row["error"]), "none of them says why")
        raise UserError(f"none of the trials of {run.name} was completed. The first failure: {reason}")
    raise UserError(f"{run.name} has no complete trial yet. Resume it with `{command_on(run.uri, 'resume')}`.")


def choose(run: Run, trial: int) -> Choice:
    """Return a trial of a run by its number.

    Raises:
        UserError: There is no such trial, or it has no result.
    """
    rows = _rows(run)
    if trial not in rows:
        raise UserError(f"{run.name} has no trial {trial}; its trials are 0 to {max(rows, default=0)}.")
    row = rows[trial]
    if row["best_epoch"] is None or row["state"] == "FAIL":
        raise UserError(f"trial {trial} of {run.name} is {row['state']} and has no result. Choose another (--trial).")
    if row["state"] == "PRUNED":
        raise UserError(
            f"trial {trial} of {run.name} was stopped early, after {counted(row['epochs'], 'epoch')}: nobody knows "
            "what it would have come to. Choose a complete one (--trial), or begin another search with its point (nids "
            f"search --start-from {run.name}:{trial})."
        )
    return _choice(run, row)


def _rows(run: Run) -> dict[int, dict[str, Any]]:
    return {row["trial"]: row for row in run.arrow("trials").to_pylist()}


def _choice(run: Run, row: dict[str, Any]) -> Choice:
    return Choice(row["trial"], run.manifest.hyperparameters_of(row), row["best_epoch"], row)


def tuned_hyperparameters(run: Run) -> tuple[dict[str, Any], bool]:
    """Return hyperparameters of boosted trees, and whether they were tuned on the run's folds.

    If ``nids baselines --tuned`` has not tuned them, they are the point that a tuning begins with.
    """
    model, table = TUNED_MODELS[NAME].weighted_like(run.manifest.space), run.tuning()
    tried = table[(table["model"] == NAME) & table["value"].notna()]
    ascending = run.manifest.job.search.metric_direction == "min"
    texts = tried.sort_values("value", ascending=ascending)["hyperparameters"].astype(str)
    points = (point for text in texts if (point := model.point_in(text)) is not None)
    best = next(points, None)
    return (dict(model.start), False) if best is None else (best, True)


class Candidates:
    """Trials, and boosted trees if their hyperparameters are given, on the folds of a run.

    Args:
        run: The run.
        job: Its job.
        training_set: What the folds share.
        choices: The trials.
        members: Networks of each.
        trees: Hyperparameters of boosted trees.
        workspace: Where models are trained. A cluster must be connected.
    """

    def __init__(
        self,
        run: Run,
        job: Job,
        training_set: TrainingSet,
        choices: Sequence[Choice],
        members: int,
        trees: Mapping[str, Any] | None,
        workspace: Workspace,
    ) -> None:
        self._run = run
        self._job = job
        self._training_set = training_set
        self._choices = choices
        self._members = members
        self._trees = trees
        self._workspace = workspace
        self._done: dict[str, FitResult] = {}  # networks by the names of their tasks

    def components(self, weights: Sequence[float]) -> list[Component]:
        """Return what a bundle says of the candidates that have a weight."""
        networks = [
            choice.component(self._job.model.name, self._members, weight)
            for choice, weight in zip(self._choices, weights, strict=False)
            if weight
        ]
        trees = [Trees(hyperparameters=dict(self._trees), weight=weights[-1])] if self._trees and weights[-1] else []
        return [*networks, *trees]

    def names(self) -> list[str]:
        """Return what the candidates are called."""
        every = self.components([1.0] * (len(self._choices) + (self._trees is not None)))
        return [component.name for component in every]

    def on_folds(self, folds: Sequence[Fold], all_rows: Fold) -> list[list[np.ndarray]]:
        """Return for each fold each candidate's probabilities of the validation rows, float32 of (rows, classes).

        Those of networks are the mean over their seeds. A candidate that is the only one is trained on all rows beside.

        Raises:
            UserError: A model could not be trained.
        """
        work: list[list[FitWork]] = [
            on_folds(folds, self._members, self._job, choice.hyperparameters, choice.epochs, self._prefix(choice))
            for choice in self._choices
        ]
        beside = self._work_on_all(all_rows, [1.0]) if len(self.names()) == 1 else []
        models = iter(self._fit([*(entry for of_choice in work for entry in of_choice), *beside]))
        by_candidate = [
            [np.mean([next(models).probabilities for _ in range(self._members)], axis=0) for _ in folds] for _ in work
        ]
        if self._trees is not None:
            by_candidate.append([of_fold for _, of_fold in self._fit_trees(folds)])
        return [[of_folds[i] for of_folds in by_candidate] for i in range(len(folds))]

    def on_all(self, all_rows: Fold, weights: Sequence[float]) -> list[Mapping[str, np.ndarray]]:
        """Return the arrays of the models of all rows, of the candidates that have a weight, as a bundle takes them.

        Raises:
            UserError: A model could not be trained.
        """
        arrays: list[Mapping[str, np.ndarray]] = [
            model.weights for model in self._fit(self._work_on_all(all_rows, weights))
        ]
        if self._trees is not None and weights[-1]:
            arrays += [trees.arrays for trees, _ in self._fit_trees([all_rows])]
        return arrays

    def _prefix(self, choice: Choice) -> str:
        return f"trial {choice.trial}, " if len(self._choices) > 1 else ""

    def _work_on_all(self, all_rows: Fold, weights: Sequence[float]) -> list[FitWork]:
        job, members = self._job, self._members
        work: list[FitWork] = []
        for choice, weight in zip(self._choices, weights, strict=False):
            if weight:
                name = f"{self._prefix(choice)}all rows"
                work += on_all(all_rows, members, job, choice.hyperparameters, choice.epochs, name)
        return work

    def _fit(self, work: list[FitWork]) -> list[FitResult]:
        missing = [entry for entry in work if entry[1].name not in self._done]
        kept = self._run.folder.folder(UNFINISHED)
        try:
            models = self._workspace.fit(self._run, self._job, self._training_set, missing, kept) if missing else []
        except TrialFailed as error:
            raise UserError(f"a model could not be trained: {error}. Choose another trial (--trial).") from None
        self._done |= {task.name: model for (_, task), model in zip(missing, models, strict=True)}
        return [self._done[task.name] for _, task in work]

    def _fit_trees(self, folds: Sequence[Fold]) -> list[tuple[BoostedTrees, np.ndarray]]:
        items = [(self._training_set, fold, self._trees, self._job.search.seed) for fold in folds]
        with ProgressDisplay(self._workspace.console, len(items), "boosted trees") as display:
            return parallel_map(_fit_trees, items, on_result=lambda _item, _trees: display.advance())


def _fit_trees(
    training_set: TrainingSet, fold: Fold, hyperparameters: Mapping[str, Any], seed: int
) -> Iterator[tuple[BoostedTrees, np.ndarray]]:
    trees = BoostedTrees.fit(training_set, fold, hyperparameters, seed)
    yield trees, trees.probabilities(fold.encoding.transform(training_set.rows, fold.validation))
