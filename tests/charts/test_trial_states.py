from __future__ import annotations

import pandas as pd

from nids.charts.trial_states import MARKS, marks


def test_complete_trials_beyond_a_limit_are_marked_apart() -> None:
    trials = pd.DataFrame({"state": ["COMPLETE", "COMPLETE", "PRUNED"], "feasible": [True, False, False]})
    assert marks(trials).tolist() == ["COMPLETE", "INFEASIBLE", "PRUNED"]
    assert marks(trials[["state"]]).tolist() == ["COMPLETE", "COMPLETE", "PRUNED"]


def test_no_two_marks_look_alike() -> None:
    assert len({(mark.colour, mark.shape) for mark in MARKS.values()}) == len(MARKS)
