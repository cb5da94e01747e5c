from __future__ import annotations

import subprocess
import sys

import altair as alt
import pandas as pd
import pytest

from nids.charts import (
    theme,
)
from nids.charts.trial_states import STATES


def test_by_state_shows_the_states_that_are_present() -> None:
    channels = theme.by_state(["FAIL", "COMPLETE"])
    scales = {name: channel.to_dict()["scale"] for name, channel in channels.items()}
    assert scales == {
        "color": {"domain": ["COMPLETE", "FAIL"], "range": [STATES["COMPLETE"].colour, STATES["FAIL"].colour]},
        "shape": {"domain": ["COMPLETE", "FAIL"], "range": ["circle", "cross"]},
    }


@pytest.mark.parametrize(
    ("name", "title", "axis", "scale"),
    [
        ("accuracy", "accuracy (mean over folds)", {"format": "%", "tickCount": 5}, {"padding": 16, "zero": False}),
        (
            "log_loss",
            "log-loss (nats, logarithmic)",
            {"format": "~g", "values": [0.1, 0.2, 0.5]},
            {"nice": False, "padding": 16, "type": "log"},
        ),
        ("seconds", "time of the trial (seconds)", {"tickCount": 5}, {"padding": 16, "zero": False}),
    ],
)
def test_measured(name: str, title: str, axis: dict[str, object], scale: dict[str, object]) -> None:
    assert theme.measured(alt.Y, "value", name, pd.Series([0.06, 0.5])).to_dict() == {
        "field": "value",
        "type": "quantitative",
        "title": title,
        "axis": axis,
        "scale": scale,
    }


@pytest.mark.slow
@pytest.mark.parametrize("module", ["nids.charts.theme", "nids.report"])
def test_importing_loads_no_heavy_framework(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('ray', 'tensorflow', 'keras') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
