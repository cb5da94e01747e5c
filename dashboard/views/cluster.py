"""The page "Cluster": on which nodes the search runs, and whether they are busy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from nids.analysis import eta
from nids.dashboard.components import faults, layout, live
from nids.dashboard.components.markdown import plain
from nids.metrics.formatting import setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.config import Resources
    from nids.dashboard.data.snapshot import KeptRun
    from nids.results.manifest import Machine
    from nids.results.status import Node

KINDS = {"cpus": "CPUs", "gpus": "GPUs"}


def show() -> None:
    """Show the page."""
    run = layout.begin("Which nodes does the search run on, and are they busy?")
    live.follow(_live, run)


def node_rows(nodes: Sequence[Node], state: str) -> pd.DataFrame:
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
        row: dict[str, object] = {"node": node.name, "state": "alive" if node.alive else "lost"}
        for kind, word in KINDS.items():
            row[word] = getattr(node, kind)
            if state == "running":
                row[f"{word} in use"] = _share(node, kind)
        rows.append(row)
    return pd.DataFrame(rows)


def in_words(nodes: Sequence[Node], state: str) -> str:
    """Return how busy the nodes are, or what a search that is not running had at its end, in a sentence."""
    alive = [node for node in nodes if node.alive]
    if state != "running":
        cpus, gpus = (sum(getattr(node, kind) for node in alive) for kind in KINDS)
        nodes_had = f"{len(alive)} {'node' if len(alive) == 1 else 'nodes'}"
        return f"The search is not running. It last had {nodes_had} with {_amounts(cpus, gpus)}."
    lost = len(nodes) - len(alive)
    parts = []
    for kind, word in KINDS.items():
        whole = sum(getattr(node, kind) for node in alive)
        if whole:
            used = sum(getattr(node, f"{kind}_used") for node in alive)
            parts.append(f"{used:g} of {whole:g} {word}")
    count = f"{len(alive)} {'node is' if len(alive) == 1 else 'nodes are'}"
    sentence = f"{count} alive; in use: {' and '.join(parts) or 'nothing'}"
    return f"{sentence}. {lost} {'node was' if lost == 1 else 'nodes were'} lost." if lost else f"{sentence}."


def _amounts(cpus: float, gpus: float) -> str:
    """Return "8 CPUs and no GPU"."""
    words = {0.0: "no {}", 1.0: "1 {}"}
    return " and ".join(
        words[count].format(kind) if count in words else f"{setting(count)} {kind}s"
        for count, kind in ((cpus, "CPU"), (gpus, "GPU"))
    )


def _title(key: str) -> str:
    """Return "CPUs per trial" for ``cpus_per_trial``."""
    return " ".join(KINDS.get(word, word) for word in key.split("_"))


def _share(node: Node, kind: str) -> float | None:
    whole, used = getattr(node, kind), getattr(node, f"{kind}_used")
    return min(used / whole, 1.0) if whole else None


def _without_nodes(state: str, running: int, machine: Machine | None, resources: Resources) -> str:
    if state != "running":
        had = f" It started on a cluster with {_amounts(machine.cpus, machine.gpus)}." if machine else ""
        return f"The search is not running.{had}"
    cpus, gpus = (f"{setting(getattr(machine, kind, None))} {word}" for kind, word in KINDS.items())
    asked = (resources.cpus_per_trial, resources.gpus_per_trial)
    used = [None if isinstance(each, str) else running * each for each in asked]
    which = f"{running} {'trial is' if running == 1 else 'trials are'} running"
    return f"{which} on {setting(used[0])} of {cpus} and {setting(used[1])} of {gpus}."


def _live(run: KeptRun) -> None:
    manifest, status, nodes = run.manifest, run.status, run.status.nodes
    if nodes:
        st.markdown(f"#### {plain(in_words(nodes, run.state))}")
        shares = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
        st.dataframe(
            node_rows(nodes, run.state),
            hide_index=True,
            alt="A row for each node",
            column_config={"CPUs in use": shares, "GPUs in use": shares},
        )
    else:
        words = _without_nodes(run.state, status.trials.running, manifest.machine, manifest.job.resources)
        st.markdown(f"#### {plain(words)}")
        st.caption("No node information is recorded, so this describes the cluster at the start of the search.")
    if status.updated:
        st.caption(f"Last update {eta.age(status.updated, datetime.now(UTC))} ago.")
    with st.expander("At the start of the search: machine, resources and versions", expanded=True):
        rows = [(_title(key), setting(entry)) for key, entry in manifest.machine or ()]
        rows += [(_title(key), setting(entry)) for key, entry in manifest.job.resources]
        rows += [(f"{key} version", number) for key, number in manifest.versions.items()]
        # Unlike a dataframe, it wraps long values; its cells are Markdown.
        st.table(pd.DataFrame(rows, columns=["", "value"]).map(plain).set_index(""))
    faults.of_run(run)
