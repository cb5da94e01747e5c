from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
import pytest

from nids import npz
from nids.training.checkpoint import DIGEST_SIZE, Progress, from_bytes, to_bytes

MADE_WITH: dict[str, object] = {
    "hyperparameters": {"units": 8, "learning_rate": 0.1 + 0.2},
    "versions": {"keras": "3.0"},
}


def progress() -> Progress:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(3, 2)).astype(np.float32)
    return Progress(
        [{"epoch": 1, "value": 1 / 3, "folds": [{"attacks": []}]}],
        [[weights, np.array(7, np.int64), np.array([1, 2], np.uint32)], [-weights]],
    )


def test_what_is_read_is_what_was_written() -> None:
    kept, found = progress(), from_bytes(to_bytes(progress(), MADE_WITH), MADE_WITH)
    assert found is not None
    assert found.reports == kept.reports
    assert [len(state) for state in found.states] == [3, 1]
    for state, expected in zip(found.states, kept.states, strict=True):
        for value, other in zip(state, expected, strict=True):
            np.testing.assert_array_equal(value, other, strict=True)


@pytest.mark.parametrize("made_with", [{}, {**MADE_WITH, "versions": {"keras": "3.1"}}])
def test_what_was_made_with_something_else_is_not_read(made_with: dict[str, object]) -> None:
    assert from_bytes(to_bytes(progress(), MADE_WITH), made_with) is None


def test_what_is_damaged_is_not_read() -> None:
    whole = to_bytes(progress(), MADE_WITH)
    for length in range(0, len(whole), 7):
        assert from_bytes(whole[:length], MADE_WITH) is None
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        assert from_bytes(bytes(damaged), MADE_WITH) is None


def sealed(archive: bytes) -> bytes:
    """As whoever can write to the storage would."""
    return hashlib.blake2b(archive, digest_size=DIGEST_SIZE).digest() + archive


@pytest.mark.parametrize(
    "reports", [b"[", b"[" * 100_000, b"{}", b"[1]"], ids=["no JSON", "deep JSON", "no list", "no reports"]
)
def test_what_somebody_else_wrote_is_not_believed(reports: bytes) -> None:
    arrays = {"made_with": npz.json_array({}), "reports": np.frombuffer(reports, np.uint8)}
    assert from_bytes(sealed(npz.to_bytes(arrays)), {}) is None
    assert from_bytes(sealed(npz.to_bytes({**arrays, "reports": npz.json_array([])})), {}) == Progress([], [])


def test_what_is_packed_is_not_unpacked() -> None:
    archive = io.BytesIO()
    arrays: dict[str, Any] = {"made_with": npz.json_array({}), "reports": npz.json_array([]), "0-0": np.zeros(10**6)}
    np.savez_compressed(archive, **arrays)
    assert len(archive.getvalue()) < 10_000
    assert from_bytes(sealed(archive.getvalue()), {}) is None
