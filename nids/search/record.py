"""A trial as the driver knows it: its reports so far, and the rows of the run store that they make."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from nids.metrics.classification import class_figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nids.results import Rows


# What a report holds beside the means over the folds.
_NO_MEANS = {"epoch", "finished", "value", "best_epoch", "folds", "replayed"}


@dataclass
class Record:
    """What is known of a trial so far.

    Attributes:
        number: Its number in the study.
        params: The hyperparameters that were searched.
        started: When; of a trial that was started again after a fault, the last time.
        curve: Its rows of the table ``curves``.
        best: Of its best epoch, the means over the folds and what each fold reported.
        last: Of its last epoch: the number, the value so far and the epoch that it is of.
        state: As Optuna names it.
        ended: When.
        error: Why it failed.
        has_checkpoint: Whether its process keeps one.
        system_attrs: What the sampler noted of it, once it has ended.
        objective: The first of the search's objectives, where it has several: it ranks, in the place of the metric.
        duplicate_of: The number of the earlier trial at the same point, of one that was not trained for that.
    """

    number: int
    params: dict[str, Any]
    started: datetime
    curve: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None
    last: dict[str, Any] | None = None
    state: str = "RUNNING"
    ended: datetime | None = None
    error: str | None = None
    has_checkpoint: bool = False
    system_attrs: Mapping[str, Any] | None = None
    objective: str | None = None
    duplicate_of: int | None = None

    def add(self, result: Mapping[str, Any]) -> None:
        """Take in a report of ``nids.training.trial.run_trial``."""
        if result["epoch"] == 1:
            self.curve.clear()  # started again after a fault; what it did before comes once more
        self.last = {key: result[key] for key in ("epoch", "best_epoch")}
        for fold in result["folds"]:
            figures = {name: value for name, value in fold.items() if name not in {"confusion", "attacks"}}
            self.curve.append({"trial": self.number, "epoch": result["epoch"], **figures})
        if result["best_epoch"] == result["epoch"]:
            means = {name: value for name, value in result.items() if name not in _NO_MEANS}
            self.best = {"means": means, "folds": result["folds"]}
        of_best = self.best["means"] if self.best else {}
        self.last["value"] = result["value"] if self.objective is None else of_best.get(self.objective)

    @property
    def seconds(self) -> float:
        """Return what it took so far; what it did before it was started again from a checkpoint is a part of that."""
        lasted = ((self.ended or datetime.now(UTC)) - self.started).total_seconds()
        return max(lasted, sum(epoch["seconds"] for epoch in self.curve))

    def rows(self, classes: Sequence[str]) -> Rows:
        """Return the trial's rows in each table of the run store."""
        trial = {
            "trial": self.number,
            "state": self.state,
            "value": self.last["value"] if self.last else None,
            "best_epoch": self.last["best_epoch"] if self.last else None,
            "epochs": self.last["epoch"] if self.last else 0,
            "started": self.started,
            "ended": self.ended,
            "seconds": self.seconds,
            "error": self.error,
            "duplicate_of": self.duplicate_of,
            "system_attrs": None if self.system_attrs is None else json.dumps(dict(self.system_attrs)),
            **(self.best["means"] if self.best else {}),
            **{f"params_{name}": value for name, value in self.params.items()},
        }
        rows: Rows = {"trials": [trial], "classes": [], "confusions": [], "attacks": [], "curves": self.curve}
        for fold in self.best["folds"] if self.best else ():
            key = {"trial": self.number, "fold": fold["fold"]}
            rows["attacks"] += [{**key, **attack} for attack in fold["attacks"]]
            confusion = np.array(fold["confusion"])
            figures = class_figures(confusion)
            for i, name in enumerate(classes):
                rows["classes"].append({**key, "class": name, **{f: v[i].item() for f, v in vars(figures).items()}})
                rows["confusions"] += [
                    {**key, "actual": name, "predicted": other, "count": int(confusion[i, j])}
                    for j, other in enumerate(classes)
                ]
        return rows
