from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from nids.errors import UserError
from nids.evaluation import workspace
from nids.models import backend

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK: Any = SimpleNamespace(name="fold 1, seed 2 of 3")
POOL: Any = SimpleNamespace(cpus=1, gpus=0.25)


def fit_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train a model whose training raises an exception."""

    def fit(*_: object) -> Iterator[int]:
        yield 1
        raise error

    monkeypatch.setattr(workspace, "fit", fit)
    monkeypatch.setattr(backend, "configure", lambda *_: None)
    nothing: Any = None
    list(workspace._fit(nothing, nothing, TASK, nothing, POOL))


def test_fit_says_that_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError) as caught:
        fit_with(MemoryError("failed to allocate 4 GiB\nat some operation"), monkeypatch)
    assert str(caught.value) == (
        "fold 1, seed 2 of 3 needs more memory than its process has (failed to allocate 4 GiB). Give it more: a larger "
        "share of a GPU with --set resources.gpus_per_trial=…, or a larger node."
    )


def test_fit_passes_other_exceptions_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"^a mistake$"):
        fit_with(ValueError("a mistake"), monkeypatch)
