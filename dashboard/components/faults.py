"""What could not be read: named on the page, where it would otherwise end in a traceback."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

from nids.dashboard.components.markdown import plain
from nids.errors import UserError
from nids.results.cures import FOREIGN, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamlit.delta_generator import DeltaGenerator

    from nids.dashboard.data import cache
    from nids.dashboard.data.snapshot import KeptRun

ICON = ":material/broken_image:"
# More damaged runs than these are folded away: they would push the page's answer out of sight.
FEW = 2
LOG = logging.getLogger(__name__)


@contextmanager
def guarded() -> Iterator[None]:
    """Say that a part of a page cannot be shown, and why, instead of a traceback.

    A run's files may be something else's in ways that no check foresees, and a storage may be out of reach at any
    moment. The traceback is in the server's log.
    """
    try:
        yield
    except UserError as error:
        st.error(plain(error), icon=ICON)
    except FOREIGN as error:
        LOG.exception("a part of a page could not be shown")
        st.error(f"This cannot be shown: {plain(unexpected(error))}", icon=ICON)


def of_run(run: KeptRun, container: DeltaGenerator | None = None) -> None:
    """Show what could not be read of a run, here or in a container that was kept for it further up."""
    warnings = [f"Skipped: {plain(fault)}" for fault in run.faults]
    if lost := run.lost():
        warnings.append(plain(lost))
    for warning in warnings:
        (container or st).warning(warning, icon=ICON)


def of_runs(entries: Sequence[cache.Found]) -> None:
    """Name the runs that cannot be read, and say why."""
    damaged = [each for each in entries if each.run is None]
    title = f"{len(damaged)} runs are damaged and were skipped"
    container = st.expander(title, icon=ICON) if len(damaged) > FEW else st.container()
    for each in damaged:
        container.warning(f"**{plain(each.name)}** is damaged and was skipped. {plain(each.fault)}", icon=ICON)
