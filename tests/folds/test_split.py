"""What the sides of a fold share or lack; the schemes have their own tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids import datasets
from nids.config import Folds
from nids.errors import UserError
from nids.folds.split import split, vectors
from tests.timed_flows import ROWS, loaded

if TYPE_CHECKING:
    from pathlib import Path

TIME = Folds(count=3, scheme="time", resampling="none")


@pytest.mark.parametrize("scheme", ["time", "group"])
def test_the_notes_tell_what_the_sides_share_and_lack(tmp_path: Path, scheme: str) -> None:
    flows = loaded(tmp_path)
    noted = 0
    for number, sides in enumerate(split(flows, Folds.model_validate({**TIME.model_dump(), "scheme": scheme}), seed=0)):
        vectors = [
            set(flows.features.iloc[side].itertuples(index=False)) for side in (sides.training, sides.validation)
        ]
        seen = flows.features.iloc[sides.validation].apply(tuple, axis=1).isin(vectors[0]).sum()
        expected = [
            f"fold {number}: {seen} validation rows ({100 * seen / len(sides.validation):.2f} %) have the features of "
            "a training row"
        ]
        trained, validated = (
            np.bincount(flows.label[side], minlength=3) for side in (sides.training, sides.validation)
        )
        if validated[2] and not trained[2]:
            expected.append(
                f"fold {number}: the training part has no row of scan ({validated[2]} rows on the other side)"
            )
        assert list(sides.notes) == expected
        noted += len(expected)
    assert noted == {"time": 4, "group": 3}[scheme]


def test_a_validation_part_may_lack_a_class(tmp_path: Path) -> None:
    flows = loaded(tmp_path)
    assert flows.time is not None
    early = replace(flows, label=np.where(flows.time > np.median(flows.time), 0, flows.label).astype(np.int8))
    early = replace(early, features=early.features.assign(rate=np.arange(ROWS)))
    floods = int((early.label == 1).sum())
    assert [sides.notes for sides in split(early, TIME, seed=0)] == [
        (),
        (f"fold 1: the validation part has no row of flood ({floods} rows on the other side)",),
        (f"fold 2: the validation part has no row of flood ({floods} rows on the other side)",),
    ]


def test_one_class_alone_cannot_be_learned(tmp_path: Path) -> None:
    flows = loaded(tmp_path)
    assert flows.time is not None
    late = replace(flows, label=np.where(flows.time < np.median(flows.time), 0, flows.label).astype(np.int8))
    with pytest.raises(UserError) as refusal:
        split(late, TIME, seed=0)
    assert str(refusal.value) == (
        'folds.scheme = "time": the training part of fold 0 has rows of class ok alone in flows.csv, so nothing can be '
        "learned from it. Use another number of folds (folds.count), or another scheme."
    )


def test_rows_that_models_cannot_tell_apart_stay_on_one_side(tmp_path: Path) -> None:
    flows = loaded(tmp_path)
    bytes_ = 16_777_216.0 + np.arange(ROWS) % 2  # which single precision does not tell apart
    alike = replace(flows, features=flows.features.assign(bytes=bytes_ + 8 * (np.arange(ROWS) // 2), rate=0.0))
    for sides in split(alike, Folds(count=3, resampling="none"), seed=0):
        assert {*sides.training // 2}.isdisjoint({*sides.validation // 2})


def test_folds_are_those_of_the_values_themselves() -> None:
    """Of rows that differ by more than models see, the folds are as they were before that was asked."""
    traffic = datasets.load_training("nsl-kdd-sample", rows=900, seed=2)
    twice = pd.concat([traffic.features, traffic.features[:300]], ignore_index=True)
    both = replace(
        traffic,
        features=twice,
        attack=pd.concat([traffic.attack, traffic.attack[:300]], ignore_index=True),
        label=np.concatenate([traffic.label, traffic.label[:300]]),
    )
    numbered = twice.groupby([*twice.columns], sort=False, observed=True, dropna=False).ngroup().to_numpy()
    np.testing.assert_array_equal(vectors(both), numbered)


def test_rows_of_one_class_are_refused() -> None:
    traffic = datasets.load_training("nsl-kdd-sample", rows=240, seed=1)
    alone = replace(traffic, label=np.zeros_like(traffic.label))
    with pytest.raises(UserError, match="are of one class, Normal: there is nothing to tell it from"):
        split(alone, Folds(count=2), seed=0)


@pytest.mark.parametrize("scheme", ["random", "group", "unseen-attacks"])
def test_repeats_split_all_rows_another_way(tmp_path: Path, scheme: str) -> None:
    flows = datasets.load_training("nsl-kdd-sample", rows=2000) if scheme == "unseen-attacks" else loaded(tmp_path)
    once, twice = (
        Folds.model_validate({"count": 3, "repeats": repeats, "scheme": scheme, "resampling": "none"})
        for repeats in (1, 2)
    )
    first, both = split(flows, once, seed=0), split(flows, twice, seed=0)
    assert len(both) == twice.drawn == twice.used == 6
    for alone, among in zip(first, both, strict=False):
        np.testing.assert_array_equal(alone.validation, among.validation)
    validated = np.zeros(len(flows.label), dtype=int)
    for sides in both[3:]:
        assert not set(sides.training) & set(sides.validation)
        validated[sides.validation] += 1
    assert (validated >= 1).all()
    if scheme != "unseen-attacks":  # where a withheld type is validated on in its fold too
        assert (validated == 1).all()
    if scheme != "group":  # of which there are few ways to split them
        again = {sides.validation.tobytes() for sides in both[3:]}
        assert again.isdisjoint(sides.validation.tobytes() for sides in both[:3])
    notes = [note for sides in both for note in sides.notes]
    assert [int(note.split()[1].rstrip(":")) for note in notes] == sorted(
        int(note.split()[1].rstrip(":")) for note in notes
    )
