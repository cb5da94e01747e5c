from __future__ import annotations

import math

import pandas as pd

from nids.analysis.feasibility import Feasibility, KeptLimit, feasibility
from nids.metrics.limit import Limit
from nids.results.ranking import with_feasibility

LIMITS = (Limit("scoring_seconds", True, 60.0), Limit("recall.U2R", False, 0.5))


def test_feasibility_counts_complete_trials_that_were_trained() -> None:
    trials = pd.DataFrame(
        [
            (0, "COMPLETE", 50.0, 0.75, math.nan),
            (1, "COMPLETE", 70.0, 0.75, math.nan),
            (2, "COMPLETE", 80.0, 0.25, math.nan),
            (3, "PRUNED", 10.0, 0.99, math.nan),
            (4, "COMPLETE", math.nan, math.nan, 0),
        ],
        columns=["trial", "state", "scoring_seconds", "recall.U2R", "duplicate_of"],
    )
    assert feasibility(with_feasibility(trials, LIMITS), LIMITS) == Feasibility(
        3, 1, (KeptLimit(LIMITS[0], 1, 50.0, 0), KeptLimit(LIMITS[1], 2, 0.75, 0))
    )


def test_without_limits_there_is_nothing_to_keep() -> None:
    assert feasibility(pd.DataFrame({"trial": [0], "state": ["COMPLETE"]}), ()) is None
