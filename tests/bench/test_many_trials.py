from __future__ import annotations

import sys

import pytest

from nids.bench.many_trials import Milestone, compared
from nids.bench.timing import output_of


@pytest.mark.slow
def test_stub_trials_are_scheduled_and_recorded_like_real_ones() -> None:
    """``growth.run`` itself refuses a search that loses a trial or ends one twice."""
    lines = output_of([sys.executable, "-m", "nids.bench.many_trials", "", "0", "5", "20"]).splitlines()
    assert [line.split("\t")[0] for line in lines] == ["trials 1 to 5", "trials 6 to 20"]


def test_what_trials_cost_is_told_from_one_milestone_to_the_next() -> None:
    earlier = Milestone(trials=100, reached=9.0, left=10.0, memory=200_000_000, writing=1.0, reading=1.0)
    later = Milestone(trials=1000, reached=40.0, left=42.0, memory=245_000_000, writing=10.0, reading=2.0)
    assert compared(earlier, later) == "trials 101 to 1,000\t30.0/s; 50 kB, 10.0 ms; 2.00 s"
