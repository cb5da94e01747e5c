"""The runs of a storage as they are now, and what is worked out of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from nids import report
from nids.analysis.importances import importances
from nids.analysis.importances import ranked as complete_ones
from nids.dashboard.data.snapshot import IncompleteError, KeptRun, complete_or_not
from nids.errors import UserError
from nids.results import ASKED_AT_ONCE, names_in
from nids.results.cures import FOREIGN, unexpected
from nids.results.run import REPEATS
from nids.storage import Folder
from nids.threads import thread_pool

if TYPE_CHECKING:
    import pandas as pd

DEMONSTRATION = Path(__file__).parents[1] / "demo" / "runs"

# Complete trials that are asked for importances.
MOST_RANKED = 500

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """A run of a storage, or a folder that should be one.

    Attributes:
        name: Its name.
        run: The run, None if it is damaged.
        fault: What is wrong with it; empty if nothing is.
    """

    name: str
    run: KeptRun | None
    fault: str = ""


@st.cache_data(ttl=2, max_entries=10, show_spinner=False)
def names(storage: str) -> list[str]:
    """Return the names of the runs of a storage, damaged ones included; looked for anew every other second."""
    return names_in(_storage(storage))


def find(storage: str) -> list[Found]:
    """Return all runs of a storage, the latest first, and the damaged ones after them."""
    # An object store takes a while for each answer, and gives many at once.
    with thread_pool(ASKED_AT_ONCE) as pool:
        runs = [*pool.map(partial(one, storage), names(storage))]
    return sorted(runs, key=lambda each: each.run.manifest.created if each.run else LONG_AGO, reverse=True)


def one(storage: str, name: str) -> Found:
    """Return a run of a storage, as it is now."""
    folder = _storage(storage).folder(name)
    try:
        run = KeptRun(folder)
        summarize(run)
    except UserError as error:
        return Found(name, None, str(error))
    except FOREIGN as error:
        return Found(name, None, f"{folder.uri}: {unexpected(error)}")
    return Found(name, run)


def summarize(run: KeptRun) -> report.RunSummary:
    """Return what the report says of a run, without importances, in its present state."""
    if run.summary is None:
        key = run.key("manifest.json", "trials", REPEATS, "classes", "attacks")
        summary = complete_or_not(_summary, run.uri, key, run)
        run.summary = replace(summary, state=run.state, message=run.status.message)
    return run.summary


def ranked(run: KeptRun, trials: pd.DataFrame) -> tuple[dict[str, float], str]:
    """Return the importances of the hyperparameters and a sentence on their basis, from a run's complete trials.

    Asking takes a millisecond for each trial. So of many trials a sample is asked, and asked anew only when there are a
    fiftieth more.
    """
    complete = complete_ones(trials)
    step = max(1, len(complete) // 50)
    asked = complete.sample(min(len(complete), MOST_RANKED), random_state=0)
    # The quotient alone comes back to the same numbers as the step grows.
    shares, note = _importances(run.uri, str(run.manifest.created), (step, len(complete) // step), asked, run)
    if len(asked) < len(complete):
        note = f"{note} They are drawn by chance from {len(complete):,}."
    return shares, note


# To connect to an object store takes longer than to ask it.
@st.cache_resource(max_entries=10, show_spinner=False)
def _storage(storage: str) -> Folder:
    return Folder.from_uri(storage)


# More entries than there are runs in a folder that anyone looks through: the list of runs asks for each.
@st.cache_data(max_entries=64, show_spinner=False)
def _summary(path: str, versions: str, _run: KeptRun) -> report.RunSummary:
    summary = report.summarize(_run, _run.trials(), rank=False)
    if _run.faults:
        raise IncompleteError(summary)
    return summary


@st.cache_data(max_entries=8, show_spinner=False)
def _importances(
    path: str, created: str, size: tuple[int, int], _trials: pd.DataFrame, _run: KeptRun
) -> tuple[dict[str, float], str]:
    return importances(_trials, _run.manifest.space, _run.direction)
