from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import pytest

from nids import datasets

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.datasets.schema import Traffic
    from nids.training.trainer import Learner

pytest_plugins = ["tests.bucket"]

# Read by TensorFlow when it is imported: without it, each process prints a page about this machine's CPU.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def traffic() -> Traffic:
    """240 synthetic rows of NSL-KDD's schema, at least 12 of each class."""
    return datasets.load_training("nsl-kdd-sample", rows=240, seed=0)


@pytest.fixture(scope="session")
def learner() -> Callable[..., Learner]:
    """Return a maker of learners that traces each kind once: that takes seconds, and a learner keeps nothing."""
    from nids.training.trainer import Learner

    return functools.cache(Learner)
