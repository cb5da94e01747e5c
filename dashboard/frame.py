"""What stands on every page: its question, the run, what is to be known of the data, and what could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn

import streamlit as st

from dashboard import choosing, loading
from dashboard.markdown import plain
from nids.report import wording

if TYPE_CHECKING:
    from dashboard.loading import KeptRun

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
    "damaged": ":material/broken_image:",
}


def begin(question: str) -> KeptRun:
    """Show the head of a page about one run, and return the run; the page ends here if there is none to show.

    Args:
        question: What the page answers.
    """
    notice()
    head, choice = st.columns([3, 1], vertical_alignment="center")
    with choice:
        name = choosing.run_name()
    if name is None:
        nothing_to_show("There are no runs yet. Make one with `nids search jobs/quick.toml`.")
    found = loading.one(choosing.shown_storage(), name)
    with head, st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(plain(name), width="content", anchor=False)
        badge(found.run.state if found.run else "damaged")
        st.caption(question, width="content")
    if found.run is None:
        st.error(f"This run is damaged. {plain(found.fault)}", icon=ICONS["damaged"])
        st.stop()
    if found.run.manifest["data"].get("synthetic"):
        st.warning(wording.SYNTHETIC, icon=":material/science:")
    return found.run


def end(run: KeptRun) -> None:
    """Show what could not be read of a run."""
    for fault in run.faults:
        st.warning(f"Passed over: {plain(fault)}", icon=":material/broken_image:")


def notice() -> None:
    """Say that a demonstration is shown, if it is."""
    if choosing.is_demonstration():
        st.info(
            f"**A demonstration.** {plain(choosing.storage())} holds no runs yet, so this shows a small search that "
            "comes with the program. Your own appears here by itself: "
            f"`nids search jobs/quick.toml{choosing.storage_option()}`",
            icon=":material/lightbulb:",
        )


def badge(state: str) -> None:
    """Show the state of a run."""
    st.badge(state, color=COLOURS.get(state, "gray"), icon=ICONS.get(state))


def nothing_to_show(words: str) -> NoReturn:
    """Say why a page is empty, and end it."""
    st.info(words, icon=":material/hourglass_empty:")
    st.stop()
