from __future__ import annotations

import pandas as pd

from nids.analysis.class_results import baseline_names, class_summary, confusion_of, of_baseline, weakest

CLASSES = ["Normal", "U2R"]
BASELINES = pd.DataFrame(
    {
        "model": ["tree", "tree", "forest"],
        "resampled": [True, True, False],
        "fold": [0, 1, 0],
        "confusion": [[[8, 2], [1, 3]], [[10, 0], [2, 2]], [[10, 0], [0, 4]]],
    }
)


def test_baselines_have_figures_like_trials() -> None:
    assert baseline_names(BASELINES) == ["tree, resampled", "forest"]
    found = of_baseline(BASELINES, "tree, resampled", CLASSES)
    assert found.classes[["fold", "class", "recall", "support"]].to_numpy().tolist() == [
        [0, "Normal", 0.8, 10],
        [0, "U2R", 0.75, 4],
        [1, "Normal", 1.0, 10],
        [1, "U2R", 0.5, 4],
    ]
    counted = confusion_of(found, 1)
    assert counted[["actual", "predicted", "count"]].to_numpy().tolist() == [
        ["Normal", "Normal", 10],
        ["Normal", "U2R", 0],
        ["U2R", "Normal", 2],
        ["U2R", "U2R", 2],
    ]
    assert len(confusion_of(found, None)) == 8


def test_the_weakest_class_is_named_with_what_it_is_taken_for() -> None:
    tree, forest = (of_baseline(BASELINES, name, CLASSES) for name in baseline_names(BASELINES))
    assert weakest(class_summary(tree.classes, CLASSES), tree.confusions) == ("U2R", "Normal", 3, 8)
    assert weakest(class_summary(forest.classes, CLASSES), forest.confusions) == ("Normal", "", 0, 10)
    assert weakest(class_summary(tree.classes.iloc[:0], CLASSES), tree.confusions) is None


def test_classes_that_are_taken_for_the_weakest_as_often_are_all_named() -> None:
    tree = of_baseline(BASELINES, baseline_names(BASELINES)[0], CLASSES)
    confusions = pd.DataFrame(
        [("U2R", "Normal", 3), ("U2R", "DoS", 3), ("U2R", "U2R", 2)], columns=["actual", "predicted", "count"]
    )
    assert weakest(class_summary(tree.classes, CLASSES), confusions) == ("U2R", "DoS and Normal", 3, 8)
