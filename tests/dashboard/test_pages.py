from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from nids.dashboard.data.cache import DEMONSTRATION
from nids.dashboard.serving.settings import STORAGE
from tests.dashboard.conftest import change, sound, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

PAGES = ("runs", "overview", "trials", "classes", "held_out", "compare", "cluster")


@pytest.mark.parametrize("name", PAGES)
def test_each_page_announces_the_demonstration_and_its_synthetic_rows(
    name: str, page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE, str(tmp_path))
    shown = page(name)
    assert sound(shown)
    assert "**Demonstration.**" in words(shown)
    if name == "runs":
        assert "(synthetic" in shown.dataframe[0].value["data"].iloc[0]
    elif name != "compare":  # of one run, there is nothing to compare
        assert "SYNTHETIC DATA" in words(shown)


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [
        pytest.param("overview", {}, ["All 30 trials ended.", "10 complete, 19 pruned, 1 failed"], id="overview"),
        pytest.param("trials", {}, ["30 of 30 trials, best complete trial first."], id="trials"),
        pytest.param("trials", {"state": "failed"}, ["1 of 30 trials"], id="trials-filtered-by-the-address"),
        pytest.param("trials", {"search": "multi-head"}, ["10 of 30 trials"], id="trials-searched-by-the-address"),
        pytest.param("trials", {"view": "hyperparameters"}, ["From 10 complete trials"], id="hyperparameters"),
        pytest.param(
            "trials",
            {"view": "Pareto front"},
            ["3 of 10 complete trials are on the Pareto front of log-loss and time of the trial"],
            id="pareto-front",
        ),
        pytest.param("classes", {"trial": "3"}, ["Weakest class of trial 3: R2L"], id="classes-of-a-trial"),
        pytest.param("held_out", {}, ["Not evaluated on the held-out files yet."], id="held-out"),
        pytest.param("compare", {}, ["There is only one run yet, so there is nothing to compare."], id="compare"),
        pytest.param(
            "cluster",
            {},
            ["The search is not running. It started on a cluster with 400 CPUs and 50 GPUs."],
            id="cluster",
        ),
    ],
)
def test_a_page_answers_its_question(
    name: str, address: dict[str, str], expected: list[str], page: Callable[..., AppTest], storage: Path
) -> None:
    shown = page(name, run="large", **address)
    assert sound(shown)
    text = words(shown).replace("\\", "") + "".join(bar.proto.text for bar in shown.get("progress"))
    assert [part for part in expected if part not in text] == []


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        pytest.param("manifest.json", b"{", "cannot be read", id="half-a-manifest"),
        pytest.param("manifest.json", b"[]", "manifest.json: the file = []: should be", id="another-kind-of-manifest"),
        pytest.param(
            "manifest.json", b'{"format": 3}', "manifest.json: run is missing.", id="a-manifest-without-content"
        ),
        pytest.param("manifest.json", b'{"format": 99}', "the run has format 99", id="another-format"),
    ],
)
@pytest.mark.parametrize("name", PAGES)
def test_a_damaged_run_is_named(
    name: str, file: str, content: bytes, expected: str, page: Callable[..., AppTest], storage: Path
) -> None:
    (storage / "large" / file).write_bytes(content)
    shown = page(name, run="large")
    assert sound(shown)
    assert expected in words(shown).replace("\\", "")


def test_a_damaged_status_is_passed_over_and_named(page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "large" / "status.json").write_bytes(b"\xff\xfe")
    shown = page("overview", run="large")
    assert sound(shown)
    assert "status.json: cannot be read" in words(shown).replace("\\", "")


@pytest.mark.slow
@pytest.mark.parametrize("table", ["trials", "classes", "confusions", "attacks", "curves"])
def test_a_damaged_part_is_passed_over_and_named(table: str, page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "large" / table / "part-00000.parquet").write_bytes(b"PAR1 half of it")
    for name in PAGES:
        shown = page(name, run="large")
        assert sound(shown), name
    shown = page("overview" if table in {"trials", "curves", "classes", "attacks"} else "classes", run="large")
    assert f"{table}/part-00000.parquet" in words(shown).replace("\\", "")


@pytest.mark.slow
def test_texts_of_a_run_are_no_markup_anywhere(page: Callable[..., AppTest], storage: Path) -> None:
    hostile, name = "![x](http://h/x.png)", "a` **b** :red[c] ; rm -rf ~ `"
    change(storage / "large" / "manifest.json", machine={"nodes": 1, "cpus": 2, "gpus": 0, "processor": hostile})
    (storage / "large").rename(storage / name)
    for one in PAGES:
        shown = page(one)
        assert sound(shown), one
        assert hostile not in words(shown) + "".join(str(table.value) for table in shown.table)
    # In code, letters are letters, as long as the fence is longer than any in it; the shell takes the name as one word.
    assert f"`` nids finalize '{name}' --storage {storage} ``" in words(page("held_out"))


@pytest.mark.slow
def test_the_pages_read_an_object_store(
    page: Callable[..., AppTest], bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE, "s3://bucket/runs")
    shutil.copytree(DEMONSTRATION, bucket / "runs")
    for name in PAGES:
        shown = page(name)
        assert sound(shown), name
        assert "**Demonstration.**" not in words(shown), name
    assert "Of 1,000,000 connections per day, 1,000 of them attacks" in words(page("held_out"))
    damaged = next((bucket / "runs").glob("*/curves/*.parquet"))
    damaged.write_bytes(b"PAR1 half of it")
    assert f"curves/{damaged.name}" in words(page("overview")).replace("\\", "")


def test_the_demonstration_has_all_that_pages_show() -> None:
    tables = {path.parent.name for path in DEMONSTRATION.rglob("*.parquet")}
    assert tables == {"attacks", "baselines", "classes", "confusions", "curves", "final", "trials"}
