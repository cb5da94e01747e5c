"""What every page has: its question, the run, its state, and what to know about its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn

import streamlit as st

from nids.dashboard.components import faults, selection
from nids.dashboard.components.live import redraw_on_change
from nids.dashboard.components.markdown import code, plain
from nids.dashboard.data import cache
from nids.dashboard.serving.settings import storage
from nids.report import sentences

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from nids.dashboard.data.snapshot import KeptRun

COLOURS: dict[str, Literal["green", "blue", "orange", "red"]] = {
    "running": "green",
    "finished": "blue",
    "interrupted": "orange",
    "failed": "red",
    "damaged": "red",
}
ICONS = {
    "running": ":material/play_arrow:",
    "finished": ":material/check:",
    "interrupted": ":material/pause:",
    "failed": ":material/error:",
    "damaged": faults.ICON,
}


def begin(question: str) -> KeptRun:
    """Show the head of a page about one run, and return the run; the page ends here if there is none to show.

    Args:
        question: What the page answers.
    """
    notice()
    missing = selection.missing_run()
    if missing is not None and selection.is_of_demonstration(missing):
        st.info("You have runs now, so the demonstration is gone. This is your latest run.")
    elif missing is not None:
        st.error(f"There is no run named {plain(missing)} in {plain(storage())}.")
        selection.another_run()
        redraw_on_change(cache.one(selection.shown_storage(), missing))
        st.stop()
    head, choice = st.columns([3, 1], vertical_alignment="center")
    with choice:
        name = selection.run_name()
    if name is None:
        nothing_to_show("There are no runs yet. Start one with `nids search quick`.")
    entry = cache.one(selection.shown_storage(), name)
    redraw_on_change(entry)
    with head, st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(plain(name), width="content", anchor=False)
        _badge(entry.run.state if entry.run else "damaged")
        st.caption(question, width="content")
    if entry.run is None:
        st.error(f"This run is damaged. {plain(entry.fault)}", icon=ICONS["damaged"])
        st.stop()
    if entry.run.manifest.data.synthetic:
        st.warning(sentences.SYNTHETIC, icon=":material/science:")
    return entry.run


def notice() -> None:
    """Say that a demonstration is shown, if it is."""
    if selection.is_demonstration():
        st.info(
            f"**Demonstration.** There are no runs in {plain(storage())} yet, so you see a small example "
            "search that is part of the program. Start your own, and it appears here: "
            f"{code(selection.command('search', 'jobs/quick.toml'))}",
            icon=":material/info:",
        )


def unfolded(title: str, key: str) -> DeltaGenerator | None:
    """Show a heading that unfolds, and return the container below it; None while it is folded.

    What is folded is neither made nor sent. The address says whether it is.

    Args:
        title: The heading.
        key: Its name in the address.
    """
    container = st.expander(title, key=key, bind="query-params")
    return container if container.open else None


def nothing_to_show(words: str) -> NoReturn:
    """Say why a page is empty, and end it."""
    st.info(words, icon=":material/hourglass_empty:")
    st.stop()


def _badge(state: str) -> None:
    st.badge(plain(state), color=COLOURS.get(state, "gray"), icon=ICONS.get(state))
