"""The overhead of a trial in processes that have run one before, and how long the first trial waits."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import joblib

from nids.bench.timing import SAME_WORK, output_of, search_command
from nids.results import open_run

if TYPE_CHECKING:
    from nids.bench.timing import Row

COLD, WARM = 2, 18  # trials of each slot
CHANGES = (
    "data.dataset=nsl-kdd-sample",
    "data.rows=1500",
    "folds.targets={R2L = 100, U2R = 50}",
)


def measure() -> list[Row]:
    """Run a search of short trials of the full network."""
    slots = joblib.cpu_count()
    changes = (*CHANGES, f"search.trials={(COLD + WARM) * slots}", f"resources.max_concurrent={slots}")
    with tempfile.TemporaryDirectory() as storage:
        started = datetime.now(UTC)
        output_of(search_command(SAME_WORK, storage, *changes))
        run = open_run(storage, "bench")
        trials, curves = run.trials().sort_values("started"), run.curves()
    waited = (trials["started"].min() - started).total_seconds()
    first = curves[curves["trial"] == trials["trial"].iloc[0]]
    warm = trials.iloc[COLD * slots :]
    in_steps = (curves["training_seconds"] + curves["validation_seconds"]).groupby(curves["trial"]).sum()
    span = (warm["ended"].max() - warm["started"].min()).total_seconds()
    overhead = (span * slots - in_steps[warm["trial"]].sum()) / len(warm)
    return [
        ("seconds of a trial outside its steps, in warm processes", f"{overhead:.2f} s"),
        (
            "from the command to the first training step, folds and tracing included",
            f"{waited + first['tracing_seconds'].sum():.1f} s",
        ),
    ]
