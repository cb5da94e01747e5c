from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nids.metrics import measures
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measure import Measure

NIDS = Path(measures.__file__).parents[2]
# A run whose folds were never judged by the new measure.
FORMER_RUNS = NIDS.parent / "tests" / "end_to_end" / "former_run" / "runs"

# A measure as a contributor would add it: a file of its own, and nothing else.
NEW = """
from sklearn.metrics import balanced_accuracy_score

from nids.metrics.measure import Measure

MEASURES = (
    Measure(
        "balanced_accuracy",
        "balanced accuracy",
        compute=lambda rows: float(balanced_accuracy_score(rows.labels, rows.predicted)),
        headline=True,
    ),
)
"""
USED = """
import io
import json
import sys

import numpy as np
import pytest
from rich.console import Console

from nids import config
from nids.metrics.cross_validation import over_folds
from nids.metrics.formatting import mean_and_spread
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import HEADLINE, figures_of, label
from nids.metrics.measures import ON_FOLDS
from nids.report import show
from nids.results import open_run
from nids.results.schema import schemas

report = io.StringIO()
show(open_run(sys.argv[1], "old"), Console(file=report, width=200))
search = config.Search(metric="balanced_accuracy")
rows = JudgedRows.all_known(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]), benign=0)
means = over_folds([figures_of(rows)] * 2)
tables = schemas({}, ON_FOLDS)
print(
    json.dumps(
        {
            "direction": search.direction,
            "text": f"{label(search.metric)}: {mean_and_spread(search.metric, means[search.metric], 0.01)}",
            "columns": [name for name in tables["trials"].names if "balanced" in name],
            "curves": "balanced_accuracy" in tables["curves"].names,
            "headline": HEADLINE,
            "an older run": "log-loss" in report.getvalue(),
        }
    )
)
"""


@pytest.mark.slow
def test_a_new_measure_is_a_new_file_and_nothing_else(tmp_path: Path) -> None:
    copy = tmp_path / "nids"
    shutil.copytree(NIDS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "metrics" / "measures" / "balanced.py").write_text(NEW)
    (tmp_path / "used.py").write_text(USED)
    ended = subprocess.run(
        [sys.executable, "used.py", str(FORMER_RUNS)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    assert json.loads(ended.stdout) == {
        "direction": "max",
        "text": "balanced accuracy: 75.0 ± 1.0 %",
        "columns": ["balanced_accuracy", "balanced_accuracy_std"],
        "curves": True,
        "headline": ["balanced_accuracy", *measures.HEADLINE],
        "an older run": True,
    }


def test_objectives_are_those_that_no_useless_classifier_wins() -> None:
    assert measures.OBJECTIVES == ("accuracy", "macro_f1", "log_loss", "weighted_f1", "unseen_macro_f1")
    assert measures.HEADLINE == ("accuracy", "macro_f1", "log_loss")
    assert measures.UNSEEN_HEADLINE == ("unseen_macro_f1", "unseen_detection_rate", "false_alarm_rate")


def test_the_table_tells_the_direction_and_the_unit_of_each_measure() -> None:
    less_is_better = {name for name, measure in measures.MEASURES.items() if measure.direction == "min"}
    assert less_is_better == {
        *("log_loss", "training_loss", "seconds"),
        *("false_positive_rate", "false_alarm_rate", "expected_calibration_error"),
    }
    units = {name: measure.unit for name, measure in measures.MEASURES.items() if measure.unit != "share"}
    areas = {"roc_auc": "area", "pr_auc": "area", "mcc": "area"}
    assert units == {"log_loss": "nats", "training_loss": "nats", "seconds": "seconds", **areas}
    assert all(name == measure.name for name, measure in measures.MEASURES.items())


def test_described_takes_a_measure_of_another_version_for_a_share() -> None:
    assert measures.described("log_loss").unit == "nats"
    assert measures.described("their_score") == Measure("their_score", "their score")
    assert measures.label("their_score") == "their score"


def test_figures_of_rows_without_withheld_types_has_none_of_unseen_attacks() -> None:
    labels, probabilities = np.array([0, 1]), np.array([[0.75, 0.25], [0.5, 0.5]])
    known = measures.figures_of(JudgedRows.all_known(labels, probabilities, benign=0))
    assert tuple(known) == measures.applicable(unseen=False)
    withheld = JudgedRows(labels, probabilities, 0, attacks=labels, unseen=labels == 1)
    assert tuple(measures.figures_of(withheld)) == measures.ON_FOLDS
