"""The page "Runs": which runs are there, how far each is, and what it has reached."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboard.components import layout
from dashboard.components import selection as choosing
from dashboard.components.markdown import plain
from dashboard.data import cache
from dashboard.serving import login
from nids import config
from nids.analysis import eta
from nids.metrics.formatting import NONE, mean_and_spread
from nids.metrics.measures import label


def table(found: list[cache.Found], now: datetime) -> pd.DataFrame:
    """Return a row a run.

    Columns: run, state, share of its trials that has ended (0 to 1), best (text), trials (text), data, age (text).
    """
    return pd.DataFrame(
        [_row(each, now) for each in found], columns=["run", "state", "share", "best", "trials", "data", "age"]
    )


def _as_label(name: str) -> str:
    """Return a name as the label of a button, which takes some that this program never gives for icons or lists."""
    return name if re.fullmatch(config.NAME, name) else f"\N{ZERO WIDTH SPACE}{name}"


def _row(found: cache.Found, now: datetime) -> tuple[object, ...]:
    if found.run is None:
        return (found.name, "damaged", None, NONE, NONE, NONE, NONE)
    run = found.run
    manifest, summary = run.manifest, cache.summarize(run)
    total = int(manifest["job"]["search"].get("trials", summary.all_trials))
    ended = summary.all_trials - summary.states["RUNNING"]
    best = NONE
    if summary.best is not None:
        best = f"{label(summary.metric)} {mean_and_spread(summary.metric, summary.best.value, summary.best.std)}"
    source = str(manifest["data"].get("source", NONE))
    if summary.synthetic and "synthetic" not in source:
        source += " (synthetic)"
    share = min(ended / total, 1.0) if total else None
    return (
        found.name,
        run.state,
        share,
        best,
        f"{ended:,} of {total:,}",
        source,
        f"{eta.age(manifest['created'], now)} ago",
    )


def show() -> None:
    """Show the page."""
    layout.notice()
    st.subheader("Runs", anchor=False)
    place = choosing.shown_storage()
    st.caption(
        f"The searches in {plain(place)}, the latest first. A click on a name opens it; tick some to compare them."
    )
    _list(place)
    login.show_visitor()


@st.fragment(run_every=layout.SECONDS_BETWEEN_LOOKS)
@layout.guarded()
def _list(place: str) -> None:
    if choosing.shown_storage() != place:
        st.rerun()  # there is a first run now, or none any more
    found = cache.find(place)
    rows = table(found, datetime.now(UTC))
    # Of another list, positions would be other runs.
    which = zlib.crc32(repr([*rows["run"]]).encode())
    event = st.dataframe(
        rows.assign(run=rows["run"].map(_as_label)),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"picked-{which}",
        alt="A row for each run",
        column_config={
            "run": st.column_config.ButtonColumn(
                "run", pinned=True, type="secondary", alignment="left", key=f"opened-{which}"
            ),
            "trials": st.column_config.TextColumn("trials ended"),
            "share": st.column_config.ProgressColumn(
                "share", width="small", format="percent", min_value=0.0, max_value=1.0
            ),
            "best": st.column_config.TextColumn(
                "best trial",
                help="Mean over the folds ± their standard deviation, of the metric that was searched for.",
            ),
            "age": st.column_config.TextColumn("begun"),
        },
    )
    names = rows.loc[event.selection.rows, "run"].tolist()
    pages = st.session_state.get(choosing.PAGES, {})
    with st.container(horizontal=True):
        opened = st.button("Open", icon=":material/open_in_new:", type="primary", disabled=len(names) != 1)
        compared = st.button("Compare", icon=":material/compare_arrows:", disabled=len(names) < 2)
    if clicked := st.session_state.get(f"opened-{which}"):
        names, opened = [rows["run"].iloc[clicked["row"]]], True
    if opened:
        st.switch_page(pages["overview"], query_params={choosing.RUN: names[0]})
    if compared:
        st.switch_page(pages["compare"], query_params={choosing.RUNS: names})
    layout.damaged(found)
    for each in found:
        if each.run is not None:
            layout.faults(each.run)
