"""What a visitor has chosen. The address holds it, so that a link shows others the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from nids import command_line
from nids.dashboard.components.markdown import plain
from nids.dashboard.data import cache
from nids.dashboard.data.cache import DEMONSTRATION
from nids.dashboard.serving.settings import storage
from nids.results import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nids.dashboard.data.snapshot import KeptRun
    from nids.metrics.measure import Direction

PAGES = "pages"
RUN = "run"
RUNS = "runs"
TRIAL = "trial"
BEST = "best"
_KEPT, _RUN_WIDGET = "kept run", "chosen run"
# A list of trials to choose from has no more entries.
MOST_TRIALS = 1000


def command(*words: str) -> str:
    """Return a command of the program as a shell takes it, with ``--storage`` where it is needed."""
    return command_line.command(storage(), *words)


def shown_storage() -> str:
    """Return the storage whose runs are shown: the server's, or, as long as that has no runs, the demonstration's."""
    return storage() if cache.names(storage()) else str(DEMONSTRATION)


def is_demonstration() -> bool:
    """Return whether the demonstration is shown, because there are no runs."""
    return shown_storage() != storage()


def missing_run() -> str | None:
    """Return the name of the run that the address asks for if there is no such run: a link may be outdated."""
    requested = _requested()
    if requested is None or requested in cache.names(shown_storage()):
        return None
    cache.names.clear()  # it may be new
    return None if requested in cache.names(shown_storage()) else requested


def is_of_demonstration(name: str) -> bool:
    """Return whether the demonstration has a run of that name."""
    return name in cache.names(str(DEMONSTRATION))


def run_name() -> str | None:
    """Let the visitor choose a run, and return its name; None if there is none.

    At first it is the one in the address, then the one chosen on another page, or else the latest that can be read. The
    address is kept by hand: going to another page empties it, and with it what a widget is bound to.
    """
    known, requested = cache.names(shown_storage()), _requested()
    if not known:
        return None
    if requested not in known:
        readable = [found.name for found in cache.find(shown_storage()) if found.run is not None]
        requested = (readable or known)[0]
    st.session_state[_KEPT] = st.session_state[_RUN_WIDGET] = st.query_params[RUN] = requested
    if len(known) > 1:
        st.selectbox("Run", known, key=_RUN_WIDGET, on_change=_remember_run, label_visibility="collapsed")
    return requested


def another_run() -> None:
    """Let the visitor choose one of the runs that there are."""
    known = cache.names(shown_storage())
    st.selectbox("Run", known, index=None, placeholder="Choose a run", key=_RUN_WIDGET, on_change=_remember_run)


def _requested() -> str | None:
    return st.query_params.get(RUN) or st.session_state.get(_KEPT)


def _remember_run() -> None:
    st.session_state[_KEPT] = st.query_params[RUN] = st.session_state[_RUN_WIDGET]
    # Another run's trial of the same number is another trial.
    if TRIAL in st.session_state:
        st.session_state[TRIAL] = BEST


def offered(trials: pd.DataFrame, direction: Direction, requested: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the numbers of the trials to choose from, the best first, and the requested ones that are not among them.

    Args:
        trials: The trials that have what is to be shown.
        direction: "min" or "max".
        requested: Numbers that are offered however poor their trials are.
    """
    ordered = ranking.ordered(trials, direction)["trial"].astype(int).astype(str).tolist()
    numbers = ordered[:MOST_TRIALS]
    known = set(ordered)
    numbers += [number for number in requested if number in known and number not in numbers]
    return numbers, [number for number in requested if number not in known]


def trial(run: KeptRun, best: int | None, label: str = "Trial", key: str = TRIAL) -> int | None:
    """Let the visitor choose a trial that has results and return its number, the best one unless another is chosen."""
    trials = run.trials()
    with_results = trials[trials["value"].notna() & ranking.trained(trials)]
    requested = [number for number in st.query_params.get_all(key) if number != BEST]
    numbers, missing = offered(with_results, run.direction, requested)
    if missing:
        st.warning(f"Trial {plain(missing[0])} has no results, so you see the best trial.")
    choices = [BEST, *numbers]
    limit = (
        f" Only the best {MOST_TRIALS:,} of {len(with_results):,} are listed."
        if len(with_results) > MOST_TRIALS
        else ""
    )
    chosen = st.selectbox(
        label,
        choices,
        key=key,
        bind="query-params",
        help="Trials with results, best first. Those of a pruned trial are from its last epoch." + limit,
    )
    return best if chosen in {BEST, None} else int(chosen)
