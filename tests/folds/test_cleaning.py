from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import SMOTE

from nids.config import Folds, Resampling
from nids.errors import UserError
from nids.folds.build import build
from nids.folds.cleaning import kept
from nids.folds.encoding import Encoding
from nids.folds.fold import TrainingSet
from nids.folds.split import split
from nids.seeding import derived_seed

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

SEED = 4


@pytest.fixture(scope="module")
def training_set(traffic: Traffic) -> TrainingSet:
    """The sample, with some rows under the label of another class, so that there is something to clean."""
    training_set = TrainingSet.from_traffic(traffic)
    training_set.labels[::9] = 1
    return training_set


@pytest.mark.parametrize(
    ("method", "sampler"),
    [
        pytest.param("smote-tomek", SMOTETomek, id="Tomek links"),
        pytest.param("smote-enn", SMOTEENN, id="edited nearest neighbours"),
    ],
)
def test_a_fold_has_the_rows_of_imbalanced_learn(
    traffic: Traffic, training_set: TrainingSet, method: Resampling, sampler: Any
) -> None:
    sides = split(traffic, Folds(count=3), seed=0)[0]
    labels = training_set.labels[sides.training]
    encoding = Encoding.fit(training_set.rows, sides.training, training_set.dataset)
    smote = SMOTE(random_state=derived_seed(SEED, 0))
    expected, expected_labels = sampler(smote=smote).fit_resample(
        encoding.transform(training_set.rows, sides.training), labels
    )

    fold = build(training_set, 0, sides, Folds(count=3, resampling=method), SEED)
    drawn = build(training_set, 0, sides, Folds(count=3), SEED)

    assert fold.encoding == encoding
    rows = np.vstack([encoding.transform(training_set.rows, fold.training), fold.synthetic.toarray()])
    of_rows = np.concatenate([training_set.labels[fold.training], fold.synthetic_labels])
    ours, theirs = np.lexsort((*rows.T, of_rows)), np.lexsort((*expected.T, expected_labels))
    np.testing.assert_array_equal(rows[ours], expected[theirs])
    np.testing.assert_array_equal(of_rows[ours], expected_labels[theirs])
    real, synthetic = len(sides.training), len(drawn.synthetic_labels)
    removed, removed_synthetic = real - len(fold.training), synthetic - len(fold.synthetic_labels)
    assert removed > 0
    assert removed_synthetic > 0 or method == "smote-tomek"
    assert fold.notes == (
        f"fold 0: cleaning removed {removed} of {real} real training rows and {removed_synthetic} of {synthetic} "
        "synthetic ones",
    )
    # What is left stands in the order of row numbers, and in that in which it was drawn.
    assert (np.diff(fold.training) > 0).all()
    assert set(fold.training) < set(sides.training)
    left = iter(map(bytes, drawn.synthetic.toarray()))
    assert all(bytes(row) in left for row in fold.synthetic.toarray())
    np.testing.assert_array_equal(fold.validation, sides.validation)


def test_rows_are_cleaned_where_none_is_added(traffic: Traffic, training_set: TrainingSet) -> None:
    sides = split(traffic, Folds(count=3), seed=0)[0]
    present = int(np.count_nonzero(training_set.labels[sides.training] == 0))
    folds = Folds(count=3, resampling="smote-tomek", targets={"Normal": present})
    fold = build(training_set, 0, sides, folds, SEED)
    assert fold.synthetic.shape == (0, fold.encoding.width)
    assert len(fold.training) < len(sides.training)


def test_a_class_of_which_nothing_would_be_left_is_refused() -> None:
    line = np.arange(12, dtype=np.float32).reshape(-1, 1)
    labels = np.array([1] + [0] * 11)
    with pytest.raises(UserError) as caught:
        kept(line, line[:0], labels, labels[:0], ("Normal", "Worms"), 1, "smote-enn")
    assert str(caught.value) == (
        'folds.resampling = "smote-enn" would remove all training rows of class Worms in a fold (1): each lies among '
        'rows of other classes. Use "smote", which removes none, or a larger folds.targets for it.'
    )
