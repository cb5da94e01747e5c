from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids.analysis.rank_correlation import HELD_OUT, correlations, held_out, is_sign_turned, shared
from nids.bench import synthetic_run
from nids.errors import UserError
from nids.metrics.evaluation import AttackGroup, Evaluation
from nids.metrics.measures import ON_FOLDS
from nids.results import Run
from nids.storage import Folder

if TYPE_CHECKING:
    from pathlib import Path


def evaluation(macro_f1: float, accuracy: float, unseen: float, false_positives: float) -> Evaluation:
    figures = {"macro_f1": macro_f1, "accuracy": accuracy, "false_positive_rate": false_positives}
    return Evaluation.model_construct(figures=figures, unseen=AttackGroup.model_construct(detection_rate=unseen))


def test_correlations_by_hand() -> None:
    validated = pd.DataFrame(
        {
            "configuration": range(5),
            "random: log_loss": [0.1, 0.2, 0.3, 0.4, 0.5],
            "random: log_loss_std": [0.1] * 5,
            "unseen-attacks: unseen_macro_f1": [0.1, 0.3, 0.2, 0.4, 0.5],
        }
    )
    outcomes = [0.50, 0.52, 0.51, 0.55, 0.60]
    judged = held_out([evaluation(value, 0.7, 1 - value, value / 10) for value in outcomes])
    assert judged.columns.tolist() == list(HELD_OUT)
    table = correlations(validated, judged).set_index(["validation", "held_out"])
    rho = table["rho"]
    # Ranks 1 to 5 against 1, 3, 2, 4, 5: 1 − 6 · (1 + 1) / (5 · 24); of a log-loss, less is better.
    assert rho["random: log_loss", "macro_f1"] == pytest.approx(-0.9)
    assert rho["unseen-attacks: unseen_macro_f1", "macro_f1"] == pytest.approx(1)
    assert rho["unseen-attacks: unseen_macro_f1", "unseen_detection_rate"] == pytest.approx(-1)
    assert np.isnan(rho["random: log_loss", "accuracy"])
    assert len(rho) == 2 * len(HELD_OUT)
    # Of the 120 orders, four others and the reverse of all five are as far from chance as 1, 3, 2, 4, 5 is; two are 1.
    assert table["p"]["random: log_loss", "macro_f1"] == pytest.approx(10 / 120)
    assert table["p"]["unseen-attacks: unseen_macro_f1", "macro_f1"] == pytest.approx(2 / 120)


def test_is_sign_turned_of_losses_alone() -> None:
    assert [name for name in ON_FOLDS if is_sign_turned(name)] == ["log_loss"]


def test_shared_takes_the_default_label_map_by_its_name(tmp_path: Path) -> None:
    for name in ("random", "unseen-attacks"):
        synthetic_run.write(Folder.from_uri(str(tmp_path)).folder(name), 15)
    file = tmp_path / "unseen-attacks" / "manifest.json"
    values = json.loads(file.read_text())
    values["job"]["folds"]["scheme"] = "unseen-attacks"
    values["job"]["data"]["class_map"] = values["dataset"]["label_maps"][0]["name"]  # as earlier versions wrote it
    file.write_text(json.dumps(values))
    runs = [Run(Folder.from_uri(str(tmp_path)).folder(name)) for name in ("random", "unseen-attacks")]
    assert [each.trials for each in shared(runs)] == [(number, number) for number in (0, 3, 6, 9, 12)]


def test_shared_refuses_schemes_that_have_no_figures_to_compare(tmp_path: Path) -> None:
    for name in ("random", "time"):
        synthetic_run.write(Folder.from_uri(str(tmp_path)).folder(name), 15)
    file = tmp_path / "time" / "manifest.json"
    values = json.loads(file.read_text())
    values["job"]["folds"]["scheme"] = "time"
    file.write_text(json.dumps(values))
    runs = [Run(Folder.from_uri(str(tmp_path)).folder(name)) for name in ("random", "time")]
    with pytest.raises(UserError) as refusal:
        shared(runs)
    assert str(refusal.value) == (
        'found folds.scheme = "time", but searches can be compared under random, unseen-attacks alone.'
    )
