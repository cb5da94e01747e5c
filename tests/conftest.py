from __future__ import annotations

import functools
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import pytest
from rich.console import Console

from nids import cli, datasets, job_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.results import Run
    from nids.training.trainer import Trainer

pytest_plugins = ["tests.bucket"]

# Read by TensorFlow when it is imported: without it, each process prints a page about this machine's CPU.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# What takes seconds to start: a test that uses it is slow.
EXPENSIVE = {"chromium", "cluster", "three_nodes", "trainer", "two_nodes"}

# The smallest network and folds that still are what a search is made of: a trial's time is that of starting its
# process and of tracing its model, and the perceptron is traced in a fifth of the CNN-BiGRU's time. All trials have the
# same architecture, so each process traces it once.
TINY: dict[str, Any] = {
    "name": "tiny",
    "data": {"dataset": "nsl-kdd-sample", "rows": 600},
    "folds": {"count": 2, "targets": {"R2L": 30, "U2R": 20}},
    "training": {"epochs": 2},
    "search": {"trials": 3, "startup_trials": 2},
    "scheduler": {"grace_period": 1, "reduction_factor": 3},
    "resources": {"max_concurrent": 2},
    "model": {"name": "mlp"},
    "hyperparameters": {"layers": 1, "units": 8, "batch_size": 256},
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what uses something expensive."""
    for item in items:
        if EXPENSIVE & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def traffic() -> Traffic:
    """240 synthetic rows of NSL-KDD's schema, at least 12 of each class."""
    return datasets.load_training("nsl-kdd-sample", rows=240, seed=0)


@pytest.fixture(scope="session")
def trainer() -> Callable[..., Trainer]:
    """Return a maker of trainers that traces each kind once: that takes seconds, and a trainer keeps nothing."""
    from nids.training.trainer import Trainer

    return functools.cache(Trainer)


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A Ray cluster of its own with two CPUs, started as a search starts its own."""
    import ray

    from nids.cluster import connection

    connection.start(num_cpus=2)
    folder = Path(ray.get_runtime_context().get_temp_dir()).parent
    yield
    connection.disconnect()
    assert not folder.exists()


class Outcome(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def nids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Return a runner of the command in an empty folder, in this process: one of its own takes seconds to start."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **environment: str) -> Outcome:
        capsys.readouterr()
        with (
            patch.dict(os.environ, {"COLUMNS": "200", **environment}),
            patch.object(sys, "argv", ["nids", *arguments]),
            pytest.raises(SystemExit) as ended,
        ):
            cli.main()
        return Outcome(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def make_job() -> Callable[..., Job]:
    """Return a maker of such jobs, in which keys of any section can be given other values."""

    def make(**sections: dict[str, Any]) -> Job:
        changed = {name: {**TINY.get(name, {}), **values} for name, values in sections.items()}
        return job_file.make({**TINY, **changed}, source="a test")

    return make


@pytest.fixture(scope="session")
def search_of_two(cluster: None, traffic: Traffic, make_job: Callable[..., Job]) -> Callable[[str], Run]:
    """Return what runs a search of two trials, called "a", in a storage."""
    from nids.search import driver, prepare

    job = make_job(
        search={"trials": 2, "startup_trials": 2},
        data={"rows": 240},
        scheduler={"kind": "none"},
        resources={"max_concurrent": 1},
    )

    def search(storage: str) -> Run:
        console = Console(file=io.StringIO(), width=200)
        return driver.run(prepare.prepare(job, traffic, storage, "a", console.print), console)

    return search
