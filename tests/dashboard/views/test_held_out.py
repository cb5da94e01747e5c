from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from nids.dashboard.data.cache import DEMONSTRATION
from nids.dashboard.serving.settings import STORAGE
from nids.dashboard.views import held_out
from nids.metrics.evaluation import AttackGroup, Evaluation
from nids.metrics.formatting import value
from nids.report.held_out import composition
from nids.results import UNFINISHED, Run
from nids.storage import Folder
from tests.dashboard.conftest import change, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


def judged(seen: tuple[float | None, int, int], unseen: tuple[float | None, int, int], benign: int) -> Evaluation:
    """What the held-out rows say: of seen and unseen attacks the detection rate, rows and types; benign rows."""
    known, unknown = (
        AttackGroup.model_construct(detection_rate=rate, rows=rows, types=types) for rate, rows, types in (seen, unseen)
    )
    return Evaluation.model_construct(
        rows=seen[1] + unseen[1] + benign, figures={"false_positive_rate": 0.03125}, seen=known, unseen=unknown
    )


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        pytest.param(
            judged((0.75, 8000, 20), (0.5, 3000, 17), 9600),
            "By its most probable class, it detects 75.00 % of the attacks of known types (20 types) and 50.00 % of "
            "the attacks of unseen types (17 types). 3.12 % of the benign rows raise a false alarm.",
            id="many",
        ),
        pytest.param(
            judged((0.999, 8000, 1), (0.0, 2, 1), 64),
            "By its most probable class, it detects 99.90 % of the attacks (7,992 of 8,000) of known types (1 type) "
            "and 0 of the 2 attacks of unseen types (1 type). 2 of the 64 benign rows raise a false alarm.",
            id="few",
        ),
        pytest.param(
            judged((0.75, 8000, 20), (None, 0, 0), 9600),
            "By its most probable class, it detects 75.00 % of the attacks of known types (20 types). 3.12 % of the "
            "benign rows raise a false alarm.",
            id="none-unseen",
        ),
    ],
)
def test_in_words(ours: Evaluation, expected: str) -> None:
    assert held_out.in_words(ours) == expected


@pytest.mark.slow
def test_the_page_shows_what_the_threshold_and_the_base_rate_do(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE, str(tmp_path))
    shown = page("held_out")
    assert "Of 1,000,000 connections per day, 1,000 of them attacks" in words(shown)
    shown.select_slider(key="base").set_value(0.01).run()
    assert "Of 1,000,000 connections per day, 10,000 of them attacks" in words(shown)
    thresholds = []
    for rate in (0.001, 0.1):
        shown.select_slider(key="far").set_value(rate).run()
        found = next(caption.value for caption in shown.caption if caption.value.startswith("Threshold"))
        thresholds.append(float(found.split()[1]))
    assert thresholds[0] > thresholds[1]


def test_the_page_tells_what_the_detector_is_and_which_classes_go_with_its_alerts(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE, str(tmp_path))
    run = Run(Folder.from_uri(str(next(DEMONSTRATION.iterdir()))))
    final = run.final_evaluation()
    assert final
    [ours] = final.held_out.values()
    shown = words(page("held_out")).replace("\\", "")
    assert composition(final.components, "log_loss") in shown
    at_threshold = ours.detection["0.01"]
    assert (
        "Classes at this threshold (the most probable class of attack above it, benign below): accuracy "
        f"{value('accuracy', at_threshold.accuracy)}, macro-F1 {value('macro_f1', at_threshold.macro_f1)}."
    ) in shown


def test_the_page_says_how_many_baselines_do_better(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE, str(tmp_path))
    run = Run(Folder.from_uri(str(next(DEMONSTRATION.iterdir()))))
    final, baselines = run.final_evaluation(), run.baselines_evaluation()
    assert final
    assert baselines
    [(file, ours)] = final.held_out.items()
    others = [each for each in baselines.held_out if each.file == file and each.model != "majority class"]
    assert len(others) == 12
    signs = {"accuracy": 1, "macro_f1": 1, "false_positive_rate": -1, "roc_auc": 1}
    better = [
        sum(sign * (each.figure(name) - ours.figure(name)) > 0 for each in others) for name, sign in signs.items()
    ]
    said = [f"{number} {'has' if number == 1 else 'have'} a better" for number in better]
    assert (
        f"Of 12 other models on the same rows, {said[0]} accuracy, {said[1]} macro-F1, {said[2]} false-positive rate "
        f"and {said[3]} ROC-AUC."
    ) in words(page("held_out")).replace("\\", "")


def test_the_page_says_that_finalizing_has_started(page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "large" / UNFINISHED).mkdir(parents=True)
    (storage / "large" / UNFINISHED / "fold-0-seed-1-of-3.npz").write_bytes(b"")
    assert "Finalizing has started: 1 model is trained." in words(page("held_out", run="large"))


def test_the_page_says_which_rows_are_not_judged(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE, str(tmp_path))
    shutil.copytree(DEMONSTRATION / "demonstration", tmp_path / "dropped")
    evaluation = tmp_path / "dropped/final/evaluation.json"
    held_out = json.loads(evaluation.read_text())["held_out"]
    change(evaluation, held_out={file: each | {"dropped": {"Worms": 44}} for file, each in held_out.items()})
    told = "Not judged: rows of classes that the search dropped, Worms (44 rows)."
    assert told in words(page("held_out", run="dropped")).replace("\\", "")
