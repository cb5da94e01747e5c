from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.dashboard.conftest import change, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


@pytest.mark.parametrize(
    ("state", "sentence", "rows"),
    [
        pytest.param(
            "running",
            "1 node is alive; in use: 4 of 8 CPUs and 1 of 1 GPUs. 1 node was lost.",
            [["a", "alive", 8.0, 0.5, 1.0], ["b", "lost", 8.0, 0.0, 0.0]],
            id="running",
        ),
        pytest.param(
            "finished",
            "The search is not running. It last had 1 node with 8 CPUs and 1 GPU.",
            [["a", "alive", 8.0, 1.0], ["b", "lost", 8.0, 0.0]],
            id="finished",
        ),
    ],
)
def test_the_nodes_of_the_status_are_shown(
    state: str, sentence: str, rows: list[list[object]], page: Callable[..., AppTest], storage: Path
) -> None:
    nodes = [
        {"name": "a", "alive": True, "cpus": 8.0, "gpus": 1.0, "cpus_used": 4.0, "gpus_used": 1.0},
        {"name": "b", "alive": False, "cpus": 8.0, "gpus": 0.0, "cpus_used": 0.0, "gpus_used": 0.0},
    ]
    now = datetime.now(UTC).isoformat()
    change(storage / "large" / "status.json", nodes=nodes, state=state, updated=now)
    shown = page("cluster", run="large")
    assert sentence in words(shown).replace("\\", "")
    assert shown.dataframe[0].value.iloc[:, :5].to_numpy().tolist() == [*rows]
