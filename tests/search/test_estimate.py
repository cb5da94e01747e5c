from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nids.folds.build import build
from nids.folds.fold import TrainingSet
from nids.folds.split import split
from nids.search.estimate import BATCHES, _first_rows, estimate

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job
    from nids.datasets.traffic import Traffic


@pytest.mark.slow
def test_a_search_takes_all_trials_of_all_folds_and_epochs(make_job: Callable[..., Job], traffic: Traffic) -> None:
    job = make_job(search={"trials": 7}, training={"epochs": 3})
    seed = job.search.seed
    training_set = TrainingSet.from_traffic(traffic)
    fold = build(training_set, 0, split(traffic, job.folds, seed)[0], job.folds, seed)
    one, four, many = (estimate(job, traffic, slots) for slots in (1, 4, 100))
    for measured in (one, four, many):
        assert measured.training_rows == len(fold.training) + len(fold.synthetic_labels)
        assert measured.validation_rows == len(fold.validation)
        assert measured.rows_per_second > 0
        # Of each of two folds, three epochs train that many rows, and validate the others besides.
        training = 2 * 3 * measured.training_rows / measured.rows_per_second
        assert training < measured.seconds_per_trial
    # Seven trials one after another, in two rounds of four at once, and all at once.
    assert one.seconds == pytest.approx(7 * one.seconds_per_trial)
    assert four.seconds == pytest.approx(2 * four.seconds_per_trial)
    assert many.seconds == pytest.approx(many.seconds_per_trial)


def test_few_rows_of_a_fold_are_real_ones(make_job: Callable[..., Job], traffic: Traffic) -> None:
    job = make_job()
    training_set = TrainingSet.from_traffic(traffic)
    fold = build(training_set, 0, split(traffic, job.folds, 0)[0], job.folds, 0)
    few = _first_rows(fold, BATCHES)
    np.testing.assert_array_equal(few.training, fold.training[:BATCHES])
    np.testing.assert_array_equal(few.validation, fold.validation[:BATCHES])
    assert (few.synthetic.shape, len(few.synthetic_labels)) == ((0, fold.encoding.width), 0)
