from __future__ import annotations

import pytest

from nids import bench
from nids.errors import UserError


def test_a_part_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        bench.measure(["folds", "speed"], 1, print)
    assert str(caught.value) == (
        "speed: there is no such part of the benchmark; its parts are overhead, folds, side-by-side, mapped-trials, "
        "efficiency, growth, nodes, rows, dashboard, against-plain-loop, chaos, samplers, more-trials, "
        "warm-start, repeats, ablation."
    )


def test_the_table_is_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_measure", lambda part, rounds, progress, storage: [(f"of {part}", f"{rounds} rounds")])
    lines: list[str] = []
    machine, empty, *table = bench.measure(["growth"], 2, lines.append).splitlines()
    assert (" CPUs, " in machine, empty) == (True, "")
    assert table == ["| measured | |", "| --- | --- |", "| of growth | 2 rounds |"]
    assert lines[0] == "growth …"
