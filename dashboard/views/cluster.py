"""The page "Cluster": on which nodes the search runs, and whether they are busy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from dashboard.components import faults, layout, live
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
    run = layout.begin("Which nodes does the search run on, and are they busy?")
    live.follow(_live, run)


def node_rows(nodes: Sequence[Mapping[str, Any]], state: str) -> pd.DataFrame:
    """Return a row a node of a status.

    Args:
        nodes: The status's nodes.
        state: The run's state.

    Returns:
        Columns node, state, CPUs and GPUs (numbers), and, while the search runs, CPUs in use and GPUs in use (shares, 0
        to 1).
    """
    rows = []
    for node in nodes:
        row: dict[str, object] = {"node": str(node.get("name", NONE))}
        row["state"] = "alive" if node.get("alive") else "lost"
        for kind, word in KINDS.items():
            row[word] = node.get(kind)
            if state == "running":
                row[f"{word} in use"] = _share(node, kind)
        rows.append(row)
    return pd.DataFrame(rows)


def in_words(nodes: Sequence[Mapping[str, Any]], state: str) -> str:
    """Return how busy the nodes are, or what a search that is not running had at its end, in a sentence."""
    alive = [node for node in nodes if node.get("alive")]
    if state != "running":
        cpus, gpus = (sum(float(node.get(kind) or 0) for node in alive) for kind in KINDS)
        nodes_had = f"{len(alive)} {'node' if len(alive) == 1 else 'nodes'}"
        return f"The search is not running. It last had {nodes_had} with {_amounts(cpus, gpus)}."
    lost = len(nodes) - len(alive)
    parts = []
    for kind, word in KINDS.items():
        whole = sum(float(node.get(kind) or 0) for node in alive)
        if whole:
            used = sum(float(node.get(f"{kind}_used") or 0) for node in alive)
            parts.append(f"{used:g} of {whole:g} {word}")
    count = f"{len(alive)} {'node is' if len(alive) == 1 else 'nodes are'}"
    sentence = f"{count} alive; in use: {' and '.join(parts) or 'nothing'}"
    return f"{sentence}. {lost} {'node was' if lost == 1 else 'nodes were'} lost." if lost else f"{sentence}."


def _amounts(cpus: object, gpus: object) -> str:
    """Return "8 CPUs and no GPU"."""
    words = {0: "no {}", 1: "1 {}"}
    return " and ".join(
        words[int(count)].format(kind)
        if isinstance(count, int | float) and count in words
        else f"{setting(count)} {kind}s"
        for count, kind in ((cpus, "CPU"), (gpus, "GPU"))
    )


def _share(node: Mapping[str, Any], kind: str) -> float | None:
    whole, used = node.get(kind), node.get(f"{kind}_used")
    return min(float(used) / float(whole), 1.0) if whole and used is not None else None


def _without_nodes(state: str, status: Mapping[str, Any], machine: Mapping[str, Any], job: Mapping[str, Any]) -> str:
    if state != "running":
        had = _amounts(machine.get("cpus"), machine.get("gpus"))
        return f"The search is not running. It started on a cluster with {had}."
    cpus, gpus = (f"{setting(machine.get(kind))} {word}" for kind, word in KINDS.items())
    running = status.get("trials", {}).get("running", 0)
    asked = job.get("resources", {})
    used = [running * asked[name] if isinstance(asked.get(name), int | float) else None for name in ASKED]
    which = f"{running} {'trial is' if running == 1 else 'trials are'} running"
    return f"{which} on {setting(used[0])} of {cpus} and {setting(used[1])} of {gpus}."


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
        st.caption("No node information is recorded, so this describes the cluster at the start of the search.")
    updated = run.status.get("updated")
    if updated:
        st.caption(f"Last update {eta.age(updated, datetime.now(UTC))} ago.")
    with st.expander("At the start of the search: machine, resources and versions", expanded=True):
        rows = [(key, setting(entry)) for key, entry in machine.items()]
        rows += [
            (key.replace("_", " "), setting(entry)) for key, entry in run.manifest["job"].get("resources", {}).items()
        ]
        rows += [(f"{key} version", setting(entry)) for key, entry in run.manifest.get("versions", {}).items()]
        # Unlike a dataframe, it wraps long values; its cells are Markdown.
        st.table(pd.DataFrame(rows, columns=["what", "value"]).map(plain).set_index("what"))
    faults.of_run(run)
