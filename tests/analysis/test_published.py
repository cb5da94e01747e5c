from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest

from nids.analysis.published import differences, published_for, ranges_of
from nids.config import Data
from nids.datasets import small_classes
from nids.datasets.catalog.nsl_kdd import DATASET as NSL_KDD
from nids.datasets.catalog.nsl_kdd.published import PAPER
from tests.manifests import a_manifest

if TYPE_CHECKING:
    from nids.results import RunManifest


def manifest(scheme: str = "random", used: int = 5, **data: Any) -> RunManifest:
    return a_manifest(job={"folds": {"scheme": scheme, "count": 5}}, folds={"used": [*range(used)]}, data=data)


def test_published_for_a_run_are_those_of_its_data_set() -> None:
    assert published_for(manifest()) == (PAPER,)
    assert published_for(manifest(synthetic=True)) == ()
    theirs = a_manifest(data={"dataset": "theirs"}, dataset=replace(NSL_KDD, name="theirs"))
    assert published_for(theirs) == (PAPER,)  # which this version need not know


@pytest.mark.parametrize(
    ("of_run", "reasons"),
    [
        pytest.param(manifest(), (), id="alike"),
        pytest.param(
            manifest("unseen-attacks", 2, source="mine"),
            (
                "the rows are those of mine, the published ones those of KDDTrain+",
                "the training part of each fold lacks some attack types altogether, that of the published does not",
                "the run used only 2 of 5 folds",
            ),
            id="in everything",
        ),
        pytest.param(
            manifest("time"),
            ("each fold validates on later rows than it trains on, the published on rows at random",),
            id="by time",
        ),
        pytest.param(
            manifest("group"),
            ("each fold validates on other groups than it trains on, the published on rows at random",),
            id="by group",
        ),
    ],
)
def test_differences(of_run: RunManifest, reasons: tuple[str, ...]) -> None:
    assert differences(of_run, PAPER) == reasons


def test_ranges_of() -> None:
    assert ranges_of((PAPER, PAPER)) == ("false_positive_rate", "recall")
    assert ranges_of(()) == ()


@pytest.mark.parametrize(
    ("small", "reason"),
    [("merge", "the run has small classes merged into one"), ("drop", "the run leaves out rows of R2L, U2R")],
)
def test_classes_that_are_not_kept_are_a_difference(small: Literal["merge", "drop"], reason: str) -> None:
    data = Data(small_classes=small)
    dataset = small_classes.reclassified(NSL_KDD.labelled_by(), data, ["DoS", "Probe"])
    assert differences(manifest().model_copy(update={"dataset": dataset}), PAPER) == (reason,)
