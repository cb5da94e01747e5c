from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import ray

from nids import config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nids.config import Job

# The smallest network and folds that still are what a search is made of: a trial's time is that of starting its
# process and of tracing its model.
TINY: dict[str, Any] = {
    "name": "tiny",
    "data": {"dataset": "nsl-kdd-sample", "rows": 600},
    "folds": {"count": 2, "targets": {"R2L": 30, "U2R": 20}},
    "training": {"epochs": 2},
    "search": {"trials": 3, "startup_trials": 2},
    "scheduler": {"grace_period": 1, "reduction_factor": 3},
    "resources": {"max_concurrent": 2},
    "hyperparameters": {"conv_filters": 4, "gru_units": 4, "sequence_gru_units": 4, "batch_size": 256},
}


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A Ray cluster of its own with two CPUs, in this process."""
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def make_job() -> Callable[..., Job]:
    """Return a maker of such jobs, in which keys of any section can be given other values."""

    def make(**sections: dict[str, Any]) -> Job:
        changed = {name: {**TINY.get(name, {}), **values} for name, values in sections.items()}
        return config.make({**TINY, **changed}, source="a test")

    return make
