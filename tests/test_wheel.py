"""The wheel holds all that the program needs: installed by itself, away from the checkout, it searches and shows."""

from __future__ import annotations

import json
import os
import shutil
import site
import socket
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
TINY = (
    *('data.dataset="nsl-kdd-sample"', "data.rows=600", "folds.count=2", "folds.targets={R2L=30}", "training.epochs=2"),
    *("search.trials=1", "hyperparameters.layers=1", "hyperparameters.units=8"),
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing appears in the checkout."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for folder in ("nids", "dashboard", "jobs"):
        shutil.copytree(ROOT / folder, source / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    result = subprocess.run(
        [sys.executable, "-c", BUILD, str(built)], cwd=source, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return built / result.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel, and with what it depends on from this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    # A path file inside a folder that is named by a path file is not read: the checkout's own is of no effect.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n", encoding="utf-8")
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "NIDS_DATA_DIR"}}


def test_each_file_is_in_the_wheel(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "nids", "dashboard", "jobs"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    if not tracked:
        pytest.skip("this is no checkout: which files belong to it is not known")
    readable = {name for name in tracked if not name.endswith((".md", ".png"))} - {"nids/dashboard", "nids/jobs"}
    expected = {name if name.startswith("nids/") else f"nids/{name}" for name in readable}
    assert expected - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_nothing_but_nids_is_installed(wheel: Path) -> None:
    installed = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert installed == {"nids", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}


@pytest.mark.slow
def test_the_installed_program_searches_reports_scores_and_shows(
    python: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    def run(*arguments: str) -> str:
        result = subprocess.run(
            [python, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr + result.stdout
        return result.stdout

    where = "import nids.dashboard, json; print(json.dumps([nids.__file__, nids.dashboard.__file__]))"
    for file in json.loads(run("-c", where)):
        assert Path(file).is_relative_to(python.parents[1])
    overrides = [part for override in TINY for part in ("--set", override)]
    searched = run("-m", "nids", "search", "quick", "--name", "first", *overrides)
    assert "Report:" in searched
    reported = run("-m", "nids", "report", "first")
    assert "U2R" in reported
    assert (tmp_path / "runs" / "first" / "report.html").stat().st_size > 10_000
    run("-m", "nids", "finalize", "first", "--seeds", "1")
    sample = "nids.load_dataset('nsl-kdd-sample', rows=240).features.to_csv('traffic.csv', index=False)"
    run("-c", f"import nids; {sample}")
    scored = run("-m", "nids", "score", "runs/first/bundle", "traffic.csv", "--out", "scores.parquet")
    assert "240 rows scored" in scored
    assert (tmp_path / "scores.parquet").stat().st_size > 0
    with _dashboard(python, environment, tmp_path) as address:
        assert _get(f"{address}/_stcore/health") == (200, b"ok")
        status, page = _get(f"{address}/")
        assert (status, b"<script" in page) == (200, True)


def _get(address: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.status, answer.read()


@contextmanager
def _dashboard(python: Path, environment: dict[str, str], folder: Path) -> Iterator[str]:
    """Give the address of an environment's dashboard, served while a block runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [python, "-m", "nids", "dashboard", "--port", str(port)],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            assert process.poll() is None, f"the dashboard ended with status {process.returncode}"
            try:
                _get(f"{address}/_stcore/health")
            except OSError:
                time.sleep(0.2)
            else:
                break
        yield address
    finally:
        process.terminate()
        process.wait(30)
