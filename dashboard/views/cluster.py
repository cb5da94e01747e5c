"""The page "Cluster": on which machines the search runs, and whether they are busy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from dashboard.components import layout
from dashboard.components.markdown import plain
from nids.analysis import eta
from nids.metrics.formatting import NONE, setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboard.data.snapshot import KeptRun

ASKED = ("cpus_per_trial", "gpus_per_trial")
KINDS = {"cpus": "CPUs", "gpus": "GPUs"}


def show() -> None:
    """Show the page."""
    run = layout.begin("On which machines does the search run, and are they busy?")
    layout.live(_live, run)


def node_rows(nodes: Sequence[Mapping[str, Any]], state: str) -> pd.DataFrame:
    """Return a row a node of a status.

    Args:
        nodes: The status's nodes.
        state: The run's state.

    Returns:
        Columns node, state, CPUs, GPUs (texts), and, as long as the search runs, CPUs in use and GPUs in use (shares, 0
        to 1): later, nothing of it is.
    """
    rows = []
    for node in nodes:
        row: dict[str, object] = {"node": str(node.get("name", NONE))}
        if state == "running":
            row["state"] = "alive" if node.get("alive") else "lost"
            for kind, word in KINDS.items():
                row[word] = f"{setting(node.get(f'{kind}_used'))} of {setting(node.get(kind))}"
                row[f"{word} in use"] = _share(node, kind)
        else:
            row["state"] = "there at last" if node.get("alive") else "lost"
            row |= {word: setting(node.get(kind)) for kind, word in KINDS.items()}
        rows.append(row)
    return pd.DataFrame(rows)


def in_words(nodes: Sequence[Mapping[str, Any]], state: str) -> str:
    """Return how busy the nodes are, or were at the end of a search that no longer runs, in a sentence."""
    alive = [node for node in nodes if node.get("alive")]
    if state != "running":
        had = [f"{sum(float(node.get(kind) or 0) for node in alive):g} {word}" for kind, word in KINDS.items()]
        count = f"{len(alive)} {'node' if len(alive) == 1 else 'nodes'}"
        return f"The search is {state}: nothing of it runs. At last it had {count} with {' and '.join(had)}."
    lost = len(nodes) - len(alive)
    parts = []
    for kind, word in KINDS.items():
        whole = sum(float(node.get(kind) or 0) for node in alive)
        if whole:
            used = sum(float(node.get(f"{kind}_used") or 0) for node in alive)
            parts.append(f"{used:g} of {whole:g} {word}")
    sentence = (
        f"{len(alive)} {'node is' if len(alive) == 1 else 'nodes are'} alive, {' and '.join(parts) or 'nothing'} in use"
    )
    return f"{sentence}; {lost} {'was' if lost == 1 else 'were'} lost." if lost else f"{sentence}."


def _share(node: Mapping[str, Any], kind: str) -> float | None:
    whole, used = node.get(kind), node.get(f"{kind}_used")
    return min(float(used) / float(whole), 1.0) if whole and used is not None else None


def _without_nodes(state: str, status: Mapping[str, Any], machine: Mapping[str, Any], job: Mapping[str, Any]) -> str:
    cpus, gpus = (f"{setting(machine.get(kind))} {word}" for kind, word in KINDS.items())
    if state != "running":
        return f"The search is {state}: nothing of it runs. It began on a machine with {cpus} and {gpus}."
    running = status.get("trials", {}).get("running", 0)
    asked = job.get("resources", {})
    used = [running * asked[name] if isinstance(asked.get(name), int | float) else None for name in ASKED]
    which = f"{running} {'trial is' if running == 1 else 'trials are'} running"
    return f"{which}, on {setting(used[0])} of {cpus} and {setting(used[1])} of {gpus}."


def _live(run: KeptRun) -> None:
    nodes = run.status.get("nodes")
    machine = run.manifest.get("machine", {})
    if isinstance(nodes, list) and nodes:
        st.markdown(f"#### {plain(in_words(nodes, run.state))}")
        shares = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
        st.dataframe(
            node_rows(nodes, run.state),
            hide_index=True,
            alt="A row for each node",
            column_config={"CPUs in use": shares, "GPUs in use": shares},
        )
    else:
        st.markdown(f"#### {plain(_without_nodes(run.state, run.status, machine, run.manifest['job']))}")
        st.caption("The run's status does not tell of its nodes: this is of the machine that the search began on.")
    updated = run.status.get("updated")
    if updated:
        st.caption(f"As of {eta.age(updated, datetime.now(UTC))} ago; the search is {plain(run.state)}.")
    with st.expander("The machine that the search began on, and what it asks for", expanded=True):
        rows = [(key, setting(entry)) for key, entry in machine.items()]
        rows += [
            (key.replace("_", " "), setting(entry)) for key, entry in run.manifest["job"].get("resources", {}).items()
        ]
        rows += [(f"version of {key}", setting(entry)) for key, entry in run.manifest.get("versions", {}).items()]
        # A table whose lines break, whose cells are Markdown.
        st.table(pd.DataFrame(rows, columns=["what", "value"]).map(plain).set_index("what"))
    layout.faults(run)
