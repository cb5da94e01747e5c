"""What keeps a page up to date while its run changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from nids.dashboard.components import selection
from nids.dashboard.components.faults import guarded
from nids.dashboard.components.markdown import plain
from nids.dashboard.data import cache

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.dashboard.data.snapshot import KeptRun

SECONDS_BETWEEN_UPDATES = 5
# What commands other than the search add to a run.
ADDED_LATER = ("final/evaluation.json", "baselines/folds.parquet", "baselines/evaluation.json")


def follow(part: Callable[[KeptRun], None], run: KeptRun, seconds: float = SECONDS_BETWEEN_UPDATES) -> None:
    """Show a part of a page, anew every few seconds as long as its run is running; the rest of the page stays as it is.

    Args:
        part: Shows the part, for a run as it is at that moment.
        run: The run that the page has just read.
        seconds: Between two updates.
    """
    running, latest = run.state == "running", _reader(cache.Found(run.name, run))

    @guarded()
    def update() -> None:
        entry = latest()
        if entry.run is None:
            st.error(plain(entry.fault))
        else:
            part(entry.run)

    st.fragment(update, run_every=seconds if running else None)()


def redraw_on_change(entry: cache.Found) -> None:
    """Draw the page anew when its run's state changes, or when a held-out test or baselines are added to it."""
    drawn_for, latest = _stage(entry), _reader(entry)

    @guarded()
    def check() -> None:
        if _stage(latest()) != drawn_for:
            cache.names.clear()  # it may be gone
            st.rerun()

    st.fragment(check, run_every=SECONDS_BETWEEN_UPDATES)()


def _stage(entry: cache.Found) -> tuple[str, ...]:
    # Not each trial, so that what a visitor reads or has selected stays.
    if entry.run is None:
        return ("damaged", entry.fault)
    return (entry.run.state, *(path for path in ADDED_LATER if entry.run.has_file(path)))


def _reader(entry: cache.Found) -> Callable[[], cache.Found]:
    """Return a reader of a run: the first time it returns what the page has just read, then it reads anew.

    Fragments keep it for as long as their page is open, so it lets go of the run that it was given.
    """
    name, first = entry.name, [entry]

    def latest() -> cache.Found:
        return first.pop() if first else cache.one(selection.shown_storage(), name)

    return latest
