from __future__ import annotations

import sys

from nids.bench.measuring import output_of


def test_stub_trials_are_scheduled_and_recorded_like_real_ones() -> None:
    """``growth.run`` itself refuses a search that loses a trial or ends one twice."""
    rate, kilobytes, writing, reading = map(float, output_of([sys.executable, "-m", "nids.bench.growth", "20"]).split())
    assert rate > 0
    assert abs(kilobytes) < 10_000
    assert min(writing, reading) > 0
