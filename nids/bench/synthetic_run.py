"""A run of thousands of trials that nobody has run: what the dashboard is measured on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from nids import datasets, job_file
from nids.metrics.classification import class_figures
from nids.metrics.measures import MEASURES, applicable
from nids.results import RunManifest, RunWriter
from nids.results.manifest import DataSection, FoldsSection, Machine
from nids.results.schema import TRIALS_A_PART
from nids.results.status import Owner, TrialCounts
from nids.search.space import space_of

if TYPE_CHECKING:
    from nids.results.status import State
    from nids.search_space import Space
    from nids.storage import Folder

FOLDS, EPOCHS = 5, 4
CLASSES = ("Normal", "DoS", "Probe", "R2L", "U2R")
ROWS = (13469, 9185, 2331, 199, 10)  # of a fold of KDDTrain+
ATTACK_TYPES = 23  # as many as KDDTrain+ has
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def write(folder: Folder, trials: int, state: State = "finished", seed: int = 0) -> None:
    """Write a run with so many trials: a third complete, one in fifty failed, the others pruned.

    Args:
        folder: The run's folder.
        trials: Number of trials.
        state: What its status says.
        seed: Decides the figures.
    """
    job = job_file.make(
        {
            "name": "large",
            "data": {"dataset": "nsl-kdd-sample"},
            "folds": {"count": FOLDS},
            "training": {"epochs": EPOCHS},
            "search": {"trials": trials, "space": "wide"},
        },
        source=__file__,
    )
    space = space_of(job)
    manifest = RunManifest(
        run=folder.path.rpartition("/")[2],
        created=STARTED,
        job=job,
        data=DataSection(
            dataset="nsl-kdd-sample",
            source="made for a measurement",
            sha256="made for a measurement",
            rows=FOLDS * sum(ROWS),
            synthetic=True,
            classes=CLASSES,
            class_counts=dict(zip(CLASSES, (FOLDS * rows for rows in ROWS), strict=True)),
        ),
        dataset=datasets.get("nsl-kdd-sample").labelled_by(),
        folds=FoldsSection(
            hash="0" * 20,
            used=tuple(range(FOLDS)),
            width=122,
            training_rows=(4 * sum(ROWS),) * FOLDS,
            synthetic_rows=(0,) * FOLDS,
            validation_rows=(sum(ROWS),) * FOLDS,
            withheld=((),) * FOLDS,
        ),
        space=space,
        measures={name: MEASURES[name].direction for name in applicable(unseen=False)},
        versions={},
        machine=Machine(nodes=50, cpus=400.0, gpus=50.0),
    )
    writer = RunWriter(folder, manifest)
    random = np.random.default_rng(seed)
    for first in range(0, trials, TRIALS_A_PART):
        for number in range(first, min(first + TRIALS_A_PART, trials)):
            writer.put(number, _rows(number, space, random))
        writer.flush(first)
    writer.write_status(state, TrialCounts(total=trials), Owner(host="", pid=0))


def _rows(number: int, space: Space, random: np.random.Generator) -> dict[str, list[dict[str, Any]]]:
    kind = "FAIL" if number % 50 == 7 else "COMPLETE" if number % 3 == 0 else "PRUNED"
    epochs = {"FAIL": 0, "COMPLETE": EPOCHS, "PRUNED": 2}[kind]
    started = STARTED + timedelta(seconds=10 * number)
    seconds = 100.0 + 10 * (number % 7)
    value = float(0.008 + random.gamma(2, 0.01) + 0.02 * (kind == "PRUNED"))
    means = _figures(value) if epochs else {}
    trial = {
        "trial": number,
        "state": kind,
        "value": value if epochs else None,
        "best_epoch": epochs or None,
        "epochs": epochs,
        "started": started,
        "ended": started + timedelta(seconds=seconds),
        "seconds": seconds,
        "error": None if epochs else "the loss is not a number",
        **means,
        **{f"{name}_std": 0.1 * value for name in means},
        **{f"params_{name}": _drawn(distribution, random) for name, distribution in space.items()},
    }
    rows: dict[str, list[dict[str, Any]]] = {
        "trials": [trial],
        "classes": [],
        "confusions": [],
        "attacks": [],
        "curves": [],
    }
    for fold in range(FOLDS if epochs else 0):
        key = {"trial": number, "fold": fold}
        wrong = random.binomial(ROWS, min(10 * value, 0.5))
        confusion = np.diag(np.array(ROWS) - wrong)
        confusion[:, 0] += wrong
        figures = class_figures(confusion)
        for i, name in enumerate(CLASSES):
            rows["classes"].append({**key, "class": name, **{f: v[i].item() for f, v in vars(figures).items()}})
            rows["confusions"] += [
                {**key, "actual": name, "predicted": other, "count": int(confusion[i, j])}
                for j, other in enumerate(CLASSES)
            ]
        rows["attacks"] += [
            {
                **key,
                "attack": f"type {i}",
                "class": "DoS",
                "unseen": False,
                "rows": 100,
                "detected": 90,
                "correct": 80,
            }
            for i in range(ATTACK_TYPES)
        ]
        for epoch in range(1, epochs + 1):
            loss = value * (1 + (epochs - epoch) / 4) * (1 + 0.05 * fold)
            figures_of_epoch = _figures(loss)
            rows["curves"].append(
                {**key, "epoch": epoch, "training_loss": 2 * loss, **figures_of_epoch, "seconds": 5.0}
            )
    return rows


def _figures(loss: float) -> dict[str, float]:
    directions = {name: MEASURES[name].direction for name in applicable(unseen=False)}
    return {name: loss if direction == "min" else 1 - loss for name, direction in directions.items()}


def _drawn(distribution: Any, random: np.random.Generator) -> Any:
    if hasattr(distribution, "choices"):
        return distribution.choices[random.integers(len(distribution.choices))]
    low, high = distribution.low, distribution.high
    if isinstance(low, int):
        return int(random.integers(low, high + 1))
    if distribution.log:
        return float(np.exp(random.uniform(np.log(low), np.log(high))))
    return float(random.uniform(low, high))
