from __future__ import annotations

import bz2
import io
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from typer.testing import CliRunner

from nids import datasets
from nids.cli import app
from nids.cli.data import show
from nids.config import Data
from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.describe import Check

if TYPE_CHECKING:
    from pathlib import Path


def test_show() -> None:
    check = Check(
        name="traffic.txt",
        dataset=replace(DATASET, layout=(), time_column="ts", group_column="host"),
        sha256="ab12",
        identity="none of the published files of nsl-kdd",
        rows=6,
        classes={"Normal": 2, "DoS": 4, "U2R": 0},
        attacks={("Normal", "normal"): 2, ("DoS", "smurf"): 3, ("DoS", "worm"): 1},
        oddities=("3 rows repeat the features of an earlier row",),
        time=("2017-07-03 08:55:00", "2017-07-03 10:54:00"),
        groups=12,
    )
    printed = io.StringIO()
    show(check, Console(file=printed, width=120))
    lines = [" ".join(line.split()) for line in printed.getvalue().splitlines()]
    assert lines[:2] == ["traffic.txt: 6 rows, none of the published files of nsl-kdd", "SHA-256 ab12"]
    assert {"class rows share", "DoS 4 66.67 %", "U2R 0 0.00 %", "attack class rows", "smurf DoS 3"} <= set(lines)
    assert lines[-4:] == [
        "Time (ts): 2017-07-03 08:55:00 to 2017-07-03 10:54:00",
        "Groups (host): 12",
        "Warnings; the file is valid:",
        "- 3 rows repeat the features of an earlier row",
    ]


@pytest.mark.parametrize(
    ("file", "description", "training"),
    [
        pytest.param("flows.csv.bz2", "flows.toml", "flows.csv.bz2", id="compressed"),
        pytest.param("all.zip", "all.toml", "all.zip", id="archive"),
        pytest.param("all.zip/in/rows.csv", "rows.toml", "all.zip/in/rows.csv", id="file in an archive"),
    ],
)
def test_what_is_described_is_found_by_its_description(
    file: str, description: str, training: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{i % 7},{i % 3},{'normal' if i % 2 else 'bad'}\n" for i in range(60))
    (tmp_path / "flows.csv.bz2").write_bytes(bz2.compress(rows.encode()))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("in/rows.csv", rows)
    monkeypatch.chdir(tmp_path)
    described = CliRunner().invoke(app, ["data", "describe", file, "--names", "bytes,packets,label"])
    assert described.exit_code == 0, described.output
    assert f'training = ["{training}"]' in (tmp_path / description).read_text(encoding="utf-8")
    assert CliRunner().invoke(app, ["data", "check", file, "--dataset", description]).exit_code == 0
    monkeypatch.chdir("/")
    assert len(datasets.load_for(Data(dataset=str(tmp_path / description)), 0).label) < 60
