"""What a visitor has chosen. It stands in the address, so that a link shows another what one sees oneself."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components.markdown import plain
from dashboard.data import cache
from dashboard.data.cache import DEMONSTRATION
from nids.results.ranking import complete_first

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dashboard.data.snapshot import KeptRun
    from nids.metrics.measure import Direction

PAGES = "pages"
RUN = "run"
RUNS = "runs"
TRIAL = "trial"
BEST = "best"
_KEPT, _RUN_WIDGET = "kept run", "chosen run"
# Of a list of trials to choose from, no more go to the browser.
MOST_TRIALS = 1000


def storage() -> str:
    """Return the storage that the server was started for."""
    return sys.argv[1] if len(sys.argv) > 1 else "runs"


def command(*words: str) -> str:
    """Return a command of the program as a shell takes it, with what it needs to find the same storage."""
    where = [] if storage() == "runs" else ["--storage", storage()]
    return shlex.join(["nids", *words, *where])


def shown_storage() -> str:
    """Return the storage whose runs are shown: the server's, or, as long as that has no runs, the demonstration's."""
    return storage() if cache.names(storage()) else str(DEMONSTRATION)


def is_demonstration() -> bool:
    """Return whether the demonstration is shown, for want of runs."""
    return shown_storage() != storage()


def asked_in_vain() -> str | None:
    """Return the name of the run that is asked for, if there is no such run: a link may be older than what it shows."""
    asked = _asked()
    if asked is None or asked in cache.names(shown_storage()):
        return None
    cache.names.clear()  # it may be new
    return None if asked in cache.names(shown_storage()) else asked


def is_of_demonstration(name: str) -> bool:
    """Return whether the demonstration has a run of that name."""
    return name in cache.names(str(DEMONSTRATION))


def run_name() -> str | None:
    """Let the visitor choose a run, and return its name; None if there is none.

    At first it is the one that the address names, then the one chosen on another page, or else the latest that can be
    read. The address is kept by hand: going to another page empties it, and with it what a widget is bound to.
    """
    known, asked = cache.names(shown_storage()), _asked()
    if not known:
        return None
    if asked not in known:
        readable = [found.name for found in cache.find(shown_storage()) if found.run is not None]
        asked = (readable or known)[0]
    st.session_state[_KEPT] = st.session_state[_RUN_WIDGET] = st.query_params[RUN] = asked
    if len(known) > 1:
        st.selectbox("Run", known, key=_RUN_WIDGET, on_change=_remember_run, label_visibility="collapsed")
    return asked


def another_run() -> None:
    """Let the visitor choose one of the runs that there are."""
    known = cache.names(shown_storage())
    st.selectbox("Run", known, index=None, placeholder="Choose a run", key=_RUN_WIDGET, on_change=_remember_run)


def _asked() -> str | None:
    return st.query_params.get(RUN) or st.session_state.get(_KEPT)


def _remember_run() -> None:
    st.session_state[_KEPT] = st.query_params[RUN] = st.session_state[_RUN_WIDGET]
    # Another run's trial of the same number is another trial.
    if TRIAL in st.session_state:
        st.session_state[TRIAL] = BEST


def offered(having: pd.DataFrame, direction: Direction, asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the numbers of the trials to choose from, the best first, and those that are asked for in vain.

    Args:
        having: The trials that have what is to be shown.
        direction: "min" or "max".
        asked: Numbers that are to be among them, however bad the trials are.
    """
    ordered = complete_first(having, direction)["trial"].astype(int).astype(str).tolist()
    numbers = ordered[:MOST_TRIALS]
    known = set(ordered)
    numbers += [number for number in asked if number in known and number not in numbers]
    return numbers, [number for number in asked if number not in known]


def trial(run: KeptRun, best: int | None, label: str = "Trial", key: str = TRIAL) -> int | None:
    """Let the visitor choose a trial that has results and return its number, the best one unless another is chosen."""
    trials = run.trials()
    having = trials[trials["value"].notna()]
    asked = [number for number in st.query_params.get_all(key) if number != BEST]
    numbers, without = offered(having, run.direction, asked)
    if without:
        st.warning(f"Trial {plain(without[0])}, which the address asks for, has no results: here is the best one.")
    choices = [BEST, *numbers]
    limit = "" if len(having) <= MOST_TRIALS else f" The best {MOST_TRIALS:,} of {len(having):,} are offered."
    chosen = st.selectbox(
        label,
        choices,
        key=key,
        bind="query-params",
        help="Those that have results, the best first; a pruned one's are of the epoch that it reached." + limit,
    )
    return best if chosen in {BEST, None} else int(chosen)
