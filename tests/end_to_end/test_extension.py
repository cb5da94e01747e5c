"""A data set, a model and a measure are added to a copy of the package: three new files, and no other is touched."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
JOB = """
[data]
dataset = "flows"
[model]
name = "perceptron"
[folds]
count = 2
resampling = "none"
[training]
epochs = 2
[search]
trials = 2
metric = "balanced_accuracy"
[scheduler]
kind = "none"
[resources]
max_concurrent = 1
[hyperparameters]
batch_size = 64
"""
# One after another in one process, which connects to its cluster once.
COMMANDS = """
import sys
from nids import cli
from nids.cluster import connection

with connection.connected():
    for command in (
        ["search", "job.toml", "--name", "added"],
        ["finalize", "added", "--seeds", "1"],
        ["score", "runs/added/bundle", sys.argv[1], "--out", "scores.parquet"],
    ):
        cli.app(command, standalone_mode=False)
"""


def examples() -> dict[str, str]:
    """Return the files that CONTRIBUTING.md shows, by their paths."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = re.findall(r"`(nids/(?:models|metrics)/[\w/]+\.py)`:\n\n```python\n(.*?)```", text, flags=re.DOTALL)
    return dict(shown)


def written_flows(folder: Path) -> None:
    """Write the files of the data set ``tests/datasets/added/flows.py`` describes."""
    spec = importlib.util.spec_from_file_location("made_flows", ROOT / "tests/datasets/test_added.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    made.flows(60, 0).to_csv(folder / "monday.csv", index=False)
    made.flows(20, 1).to_csv(folder / "friday.csv", index=False)


@pytest.mark.slow
def test_a_data_set_a_model_and_a_measure_are_added_by_a_file_each(tmp_path: Path) -> None:
    package, data = tmp_path / "nids", tmp_path / "data"
    data.mkdir()
    written_flows(data)
    shutil.copytree(ROOT / "nids", package, ignore=shutil.ignore_patterns("__pycache__"))
    added = examples()
    assert sorted(added) == [
        "nids/metrics/measures/balanced.py",
        "nids/models/perceptron/__init__.py",
        "nids/models/perceptron/network.py",
    ]
    added["nids/datasets/catalog/flows.py"] = (ROOT / "tests/datasets/added/flows.py").read_text(encoding="utf-8")
    for path, source in added.items():
        assert not (tmp_path / path).exists()
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(source, encoding="utf-8")
    (tmp_path / "job.toml").write_text(JOB)

    ended = subprocess.run(
        [sys.executable, "-c", COMMANDS, str(data / "friday.csv")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "NIDS_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    report = ended.stdout
    assert "balanced accuracy" in report
    assert "Infiltration" in report
    trials = pd.read_parquet(tmp_path / "runs/added/trials")
    assert trials["state"].tolist() == ["COMPLETE", "COMPLETE"]
    assert trials["value"].tolist() == pytest.approx(trials["balanced_accuracy"].tolist())
    assert trials["params_units"].between(16, 256).all()
    scores = pd.read_parquet(tmp_path / "scores.parquet")
    classes = ["Benign", "Botnet", "BruteForce", "DDoS", "Infiltration", "PortScan", "Web"]
    assert [name for name in scores if str(name).startswith("p_")] == [f"p_{name}" for name in classes]
    assert len(scores) == 140
