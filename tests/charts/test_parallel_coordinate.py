from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids.charts import parallel_coordinate
from nids.charts.parallel_coordinate import BEST, OTHERS, STOPPED

if TYPE_CHECKING:
    import pandas as pd

SPACE = {
    "rate": FloatDistribution(1e-4, 1e-2, log=True),
    "size": IntDistribution(0, 10),
    "kind": CategoricalDistribution(["a", "b", "c"]),
}


def test_data_crosses_each_axis_where_the_value_lies(trials: pd.DataFrame) -> None:
    data = parallel_coordinate.data(trials, SPACE, "accuracy", "min")
    places = data.pivot_table(index="trial", columns="axis", values="position", sort=False)
    assert places.round(6).to_dict("index") == {
        0: {"rate": 0.5, "size": 0.5, "kind": 1.0, "accuracy": round(0.09 / 0.19, 6)},
        1: {"rate": 1.0, "size": 1.0, "kind": 0.0, "accuracy": 1.0},
        2: {"rate": 0.0, "size": 0.0, "kind": 0.5, "accuracy": 0.0},
    }
    assert data.drop_duplicates("trial").set_index("trial")["group"].to_dict() == {0: BEST, 1: OTHERS, 2: STOPPED}
    assert data[data["axis"] == "kind"]["text"].tolist() == ["c", "a", "b"]


def test_draw_puts_the_best_lines_last(trials: pd.DataFrame) -> None:
    data = parallel_coordinate.data(trials, SPACE, "accuracy", "min")
    drawn = parallel_coordinate.draw(data, parallel_coordinate.ends(SPACE, trials, "accuracy")).to_dict()
    lines = drawn["datasets"][drawn["layer"][0]["data"]["name"]]
    assert [(row["trial"], row["group"], row["axis"]) for row in lines[:: len(SPACE) + 1]] == [
        (2, STOPPED, "rate"),
        (1, OTHERS, "rate"),
        (0, BEST, "rate"),
    ]


def test_ends_label_the_axes(trials: pd.DataFrame) -> None:
    texts = parallel_coordinate.ends(SPACE, trials, "accuracy")
    assert [tuple(row) for row in texts.to_numpy().tolist()] == [
        ("rate", 0.0, "0.0001"),
        ("rate", 1.0, "0.01"),
        ("size", 0.0, "0"),
        ("size", 1.0, "10"),
        ("kind", 0.0, "a"),
        ("kind", 0.5, "b"),
        ("kind", 1.0, "c"),
        ("accuracy", 0.0, "0.01"),
        ("accuracy", 1.0, "0.2"),
    ]
