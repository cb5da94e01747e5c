from __future__ import annotations

from pathlib import Path

import pytest

from nids import job_file, shipped_jobs
from nids.search.space import space_of
from nids.search.starting_points import starting_points

JOBS = Path(__file__).parents[1] / "jobs"


def test_names_are_those_of_the_job_files() -> None:
    expected = [
        "cnn-bigru",
        "correlate",
        "large",
        "objectives",
        "own",
        "paper",
        "quick",
        "reference",
        "unseen",
        "unsw-nb15",
    ]
    assert shipped_jobs.names() == expected


@pytest.mark.parametrize("name", shipped_jobs.names())
def test_each_can_do_without_resampling(name: str) -> None:
    job = job_file.read(shipped_jobs.FOLDER / f"{name}.toml", ["folds.resampling=none", "folds.targets={}"])
    space = space_of(job)
    assert "resampling_ratio" not in space
    assert all({*point} <= {*space} for point in starting_points(job, space))


@pytest.mark.parametrize("given", ["quick", "quick.toml", "jobs/quick.toml", "jobs/quick"])
def test_resolve_finds_what_comes_with_the_program(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("quick").mkdir()  # a folder is no job file
    assert shipped_jobs.resolve(Path(given)) == shipped_jobs.FOLDER / "quick.toml"
    assert shipped_jobs.FOLDER.resolve() == JOBS


def test_resolve_prefers_a_file_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("quick.toml").touch()
    assert shipped_jobs.resolve(Path("quick.toml")) == Path("quick.toml")


@pytest.mark.parametrize("given", ["qick.toml", "mine/quick.toml", "quick.txt", "/jobs/quick.toml"])
def test_resolve_leaves_other_names_alone(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped_jobs.resolve(Path(given)) == Path(given)
