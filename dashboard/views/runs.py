"""The page "Runs": which runs there are, how far each is, and its best result."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from nids import config
from nids.dashboard.components import faults, layout, live, selection
from nids.dashboard.components.markdown import plain
from nids.dashboard.components.tables import sortable
from nids.dashboard.data import cache
from nids.dashboard.serving import login
from nids.metrics.formatting import NONE, mean_and_spread
from nids.report.objectives import ranked_by

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler


def table(entries: list[cache.Found]) -> Styler:
    """Return a row a run: name, state, progress (0 to 1), best value, metric, trials, data, time of start, any tags."""
    rows = [_row(each) for each in entries]
    tags = [" ".join(each.run.notes().tags) if each.run else "" for each in entries]
    return sortable(
        {
            "run": [_as_label(each.name) for each in entries],
            "state": [row["state"] for row in rows],
            "progress": [row["progress"] for row in rows],
            "best value": ([row["value"] for row in rows], [row["text"] for row in rows]),
            "metric": [row["metric"] for row in rows],
            "ended": [row["ended"] for row in rows],
            "trials": [row["trials"] for row in rows],
            "data": [row["data"] for row in rows],
            "started": [pd.Timestamp(row["started"]) if row["started"] else None for row in rows],
            **({"tags": tags} if any(tags) else {}),
        }
    )


def show() -> None:
    """Show the page."""
    layout.notice()
    st.subheader("Runs", anchor=False)
    storage = selection.shown_storage()
    st.caption(f"Searches in {plain(storage)}, latest first. Click a name to open a run; tick several to compare them.")
    _list(storage)
    login.show_visitor()


@st.fragment(run_every=live.SECONDS_BETWEEN_UPDATES)
@faults.guarded()
def _list(storage: str) -> None:
    if selection.shown_storage() != storage:
        st.rerun()  # there is a first run now, or none any more
    entries = cache.find(storage)
    names = [each.name for each in entries]
    # Of another list, positions would be other runs.
    version = zlib.crc32(repr(names).encode())
    event = st.dataframe(
        table(entries),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"picked-{version}",
        alt="A row for each run",
        column_config={
            "run": st.column_config.ButtonColumn(
                "run", pinned=True, type="secondary", alignment="left", key=f"opened-{version}"
            ),
            "progress": st.column_config.ProgressColumn(
                width="small", format="percent", min_value=0.0, max_value=1.0, help="Share of the trials that ended."
            ),
            "best value": st.column_config.NumberColumn(
                help="Of the best complete trial: mean ± standard deviation over the folds, of what the search "
                "optimizes or, of several objectives, of the first one."
            ),
            "ended": st.column_config.NumberColumn(format="localized", help="Trials that ended."),
            "trials": st.column_config.NumberColumn(format="localized", help="Trials that the search will run."),
            "started": st.column_config.DatetimeColumn(format="distance"),
        },
    )
    picked = [names[row] for row in event.selection.rows]
    pages = st.session_state.get(selection.PAGES, {})
    with st.container(horizontal=True):
        opened = st.button("Open", icon=":material/open_in_new:", type="primary", disabled=len(picked) != 1)
        compared = st.button("Compare", icon=":material/compare_arrows:", disabled=len(picked) < 2)
    if clicked := st.session_state.get(f"opened-{version}"):
        picked, opened = [names[clicked["row"]]], True
    if opened:
        st.switch_page(pages["overview"], query_params={selection.RUN: picked[0]})
    if compared:
        st.switch_page(pages["compare"], query_params={selection.RUNS: picked})
    faults.of_runs(entries)
    for each in entries:
        if each.run is not None:
            faults.of_run(each.run)


def _as_label(name: str) -> str:
    """Return a name as the label of a button, which reads some that this program never gives as icons or lists."""
    return name if re.fullmatch(config.NAME, name) else f"\N{ZERO WIDTH SPACE}{name}"


def _row(entry: cache.Found) -> dict[str, Any]:
    row = dict.fromkeys(("progress", "value", "ended", "trials", "started"))
    if entry.run is None:
        return {**row, "state": "damaged", "metric": NONE, "text": NONE, "data": NONE}
    manifest, summary = entry.run.manifest, cache.summarize(entry.run)
    total = manifest.job.search.most_trials
    ended = summary.all_trials - summary.states["RUNNING"]
    best = summary.best
    source = manifest.data.source
    if summary.synthetic and "synthetic" not in source:
        source += " (synthetic)"
    return {
        "state": entry.run.state,
        "progress": min(ended / total, 1.0) if total else None,
        "value": best.value if best else None,
        "text": mean_and_spread(summary.metric, best.value, best.std) if best else NONE,
        "metric": ranked_by(summary),
        "ended": ended,
        "trials": total,
        "data": source,
        "started": manifest.created,
    }
