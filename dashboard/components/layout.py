"""What stands on every page: its question, the run, what is to be known of the data, and what could not be read."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NoReturn

import streamlit as st

from dashboard.components import selection
from dashboard.components.markdown import code, plain
from dashboard.data import cache
from dashboard.data.snapshot import FOREIGN
from nids.errors import UserError
from nids.report import sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from streamlit.delta_generator import DeltaGenerator

    from dashboard.data.snapshot import KeptRun

# More damaged runs than these are folded away: they would push the page's answer out of sight.
FEW = 2
SECONDS_BETWEEN_LOOKS = 5
# What other commands than the search add to a run.
LATER = ("final/evaluation.json", "baselines/folds.parquet", "baselines/evaluation.json")
LOG = logging.getLogger(__name__)

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
    asked = selection.asked_in_vain()
    if asked is not None and selection.is_of_demonstration(asked):
        st.info("There are runs now, so the demonstration is gone: this is the latest of them.")
    elif asked is not None:
        st.error(f"{plain(selection.storage())} holds no run named {plain(asked)}, which was asked for here.")
        selection.another_run()
        _watch(cache.one(selection.shown_storage(), asked))
        st.stop()
    head, choice = st.columns([3, 1], vertical_alignment="center")
    with choice:
        name = selection.run_name()
    if name is None:
        nothing_to_show("There are no runs yet. Make one with `nids search jobs/quick.toml`.")
    found = cache.one(selection.shown_storage(), name)
    _watch(found)
    with head, st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(plain(name), width="content", anchor=False)
        badge(found.run.state if found.run else "damaged")
        st.caption(question, width="content")
    if found.run is None:
        st.error(f"This run is damaged. {plain(found.fault)}", icon=ICONS["damaged"])
        st.stop()
    if found.run.manifest["data"].get("synthetic"):
        st.warning(sentences.SYNTHETIC, icon=":material/science:")
    return found.run


def _stage(found: cache.Found) -> tuple[str, ...]:
    """Return what a page about a run is drawn for, and drawn anew if it changes: not each trial, for readers' sake."""
    if found.run is None:
        return ("damaged", found.fault)
    return (found.run.state, *(path for path in LATER if found.run.has_file(path)))


def faults(run: KeptRun, place: DeltaGenerator | None = None) -> None:
    """Show what could not be read of a run, here or in a place that was kept for it further up."""
    found = [f"Passed over: {plain(fault)}" for fault in run.faults]
    if lost := run.lost():
        found.append(plain(lost))
    for words in found:
        (place or st).warning(words, icon=":material/broken_image:")


def damaged(found: Sequence[cache.Found]) -> None:
    """Name the runs that cannot be read, and say why."""
    faulty = [each for each in found if each.run is None]
    many = f"{len(faulty)} runs are damaged and passed over"
    place = st.expander(many, icon=ICONS["damaged"]) if len(faulty) > FEW else st.container()
    for each in faulty:
        place.warning(f"**{plain(each.name)}** is damaged and passed over. {plain(each.fault)}", icon=ICONS["damaged"])


def notice() -> None:
    """Say that a demonstration is shown, if it is."""
    if selection.is_demonstration():
        st.info(
            f"**A demonstration.** {plain(selection.storage())} holds no runs yet, so this shows a small search that "
            "comes with the program. Your own appears here by itself: "
            f"{code(selection.command('search', 'jobs/quick.toml'))}",
            icon=":material/lightbulb:",
        )


def unfolded(title: str, key: str) -> DeltaGenerator | None:
    """Show a heading that unfolds, and return the place below it; None as long as it is folded.

    What is folded is neither made nor sent. Whether it is stands in the address.

    Args:
        title: The heading.
        key: Its name in the address.
    """
    place = st.expander(title, key=key, bind="query-params")
    return place if place.open else None


@contextmanager
def guarded() -> Iterator[None]:
    """Say that a part of a page cannot be shown, and why, where it would end in a traceback.

    A run's files may be of something else in ways that no check foresees, and a storage may be out of reach at any
    moment. What it was in full stands in the server's log.
    """
    try:
        yield
    except UserError as error:
        st.error(plain(error), icon=ICONS["damaged"])
    except FOREIGN as error:
        LOG.exception("a part of a page could not be shown")
        st.error(
            "This cannot be shown: something among the run's files is not as this program writes it "
            f"({type(error).__name__}: {plain(error)}).",
            icon=ICONS["damaged"],
        )


def _watch(found: cache.Found) -> None:
    """Draw the page anew as soon as its run is at another stage than the one that it is drawn for."""
    stage, now = _stage(found), _looks(found)

    @guarded()
    def look() -> None:
        if _stage(now()) != stage:
            cache.names.clear()  # it may be gone
            st.rerun()

    st.fragment(look, run_every=SECONDS_BETWEEN_LOOKS)()


def live(part: Callable[[KeptRun], None], run: KeptRun, seconds: float = SECONDS_BETWEEN_LOOKS) -> None:
    """Show a part of a page; as long as its run is running, it looks for news by itself, and the rest stays as it is.

    Args:
        part: Shows the part for a run as it is at one look.
        run: The run that the page has just asked for.
        seconds: Between two looks.
    """
    running, now = run.state == "running", _looks(cache.Found(run.name, run))

    @guarded()
    def look() -> None:
        found = now()
        if found.run is None:
            st.error(plain(found.fault))
        else:
            part(found.run)

    st.fragment(look, run_every=seconds if running else None)()


def _looks(found: cache.Found) -> Callable[[], cache.Found]:
    """Return what tells of a run: the first time as the page has just found it, then as it is.

    Fragments keep it for as long as their page is open, so it lets go of the run that it was given.
    """
    name, first = found.name, [found]

    def now() -> cache.Found:
        return first.pop() if first else cache.one(selection.shown_storage(), name)

    return now


def badge(state: str) -> None:
    """Show the state of a run."""
    st.badge(plain(state), color=COLOURS.get(state, "gray"), icon=ICONS.get(state))


def nothing_to_show(words: str) -> NoReturn:
    """Say why a page is empty, and end it."""
    st.info(words, icon=":material/hourglass_empty:")
    st.stop()
