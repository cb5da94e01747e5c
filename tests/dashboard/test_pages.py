from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from dashboard.data import cache
from dashboard.data.cache import DEMONSTRATION
from dashboard.views import overview
from nids.bench import synthetic_run
from nids.metrics.formatting import setting
from nids.results import UNFINISHED
from nids.storage import Folder
from tests.dashboard.conftest import change, sound, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

PAGES = ("runs", "overview", "trials", "classes", "verdict", "compare", "cluster")


@pytest.mark.parametrize("name", PAGES)
def test_each_page_announces_the_demonstration_and_its_synthetic_rows(
    name: str, page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path)])
    shown = page(name)
    assert sound(shown)
    assert "A demonstration." in words(shown)
    if name == "runs":
        assert "(synthetic" in shown.dataframe[0].value["data"].iloc[0]
    elif name != "compare":  # of one run, there is nothing to compare
        assert "SYNTHETIC DATA" in words(shown)


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [
        pytest.param("overview", {}, ["All 30 trials ended.", "10 complete, 19 pruned, 1 failed"], id="overview"),
        pytest.param("trials", {}, ["30 of 30 trials, the best complete one first."], id="trials"),
        pytest.param("trials", {"state": "failed"}, ["1 of 30 trials"], id="trials-filtered-by-the-address"),
        pytest.param("trials", {"search": "multi-head"}, ["10 of 30 trials"], id="trials-searched-by-the-address"),
        pytest.param("trials", {"view": "hyperparameters"}, ["From 10 complete trials"], id="hyperparameters"),
        pytest.param(
            "trials",
            {"view": "trade-offs"},
            ["3 of 10 complete trials are on the front of log-loss and time of the trial"],
            id="trade-offs",
        ),
        pytest.param("classes", {"trial": "3"}, ["is what trial 3 is weakest on"], id="classes-of-a-trial"),
        pytest.param("verdict", {}, ["The held-out files have not been asked yet."], id="verdict"),
        pytest.param("compare", {}, ["There is only one run to show yet."], id="compare"),
        pytest.param("cluster", {}, ["nothing of it runs. It began on a machine with 400 CPUs and"], id="cluster"),
    ],
)
def test_a_page_answers_its_question(
    name: str, address: dict[str, str], expected: list[str], page: Callable[..., AppTest], storage: Path
) -> None:
    shown = page(name, run="large", **address)
    assert sound(shown)
    text = words(shown).replace("\\", "") + "".join(bar.proto.text for bar in shown.get("progress"))
    assert [part for part in expected if part not in text] == []


@pytest.mark.parametrize("name", ["overview", "cluster"])
def test_a_page_that_looks_for_news_asks_for_its_run_once(
    name: str, page: Callable[..., AppTest], storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    found = cache.one
    monkeypatch.setattr(cache, "one", lambda *names: (asked.append(names), found(*names))[1])
    assert sound(page(name, run="large"))
    assert asked == [(str(storage), "large")]


def test_the_verdict_tells_what_the_threshold_and_the_base_rate_do(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path)])
    shown = page("verdict")
    assert "Of 1,000,000 connections a day, 1,000 of them attacks" in words(shown)
    shown.select_slider(key="base").set_value(0.01).run()
    assert "Of 1,000,000 connections a day, 10,000 of them attacks" in words(shown)
    thresholds = []
    for rate in (0.001, 0.1):
        shown.select_slider(key="fpr").set_value(rate).run()
        found = next(caption.value for caption in shown.caption if caption.value.startswith("Threshold"))
        thresholds.append(float(found.split()[1]))
    assert thresholds[0] > thresholds[1]


def test_the_verdict_says_how_many_others_do_better(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path)])
    judged = {
        of: json.loads(next(DEMONSTRATION.glob(f"*/{of}/evaluation.json")).read_text()) for of in ("final", "baselines")
    }
    [(file, ours)] = judged["final"]["held_out"].items()
    others = [entry["figures"] for entry in judged["baselines"]["held_out"] if entry["file"] == file]
    above = [sum(figures[name] > ours["figures"][name] for figures in others) for name in ("accuracy", "macro_f1")]
    verb = ["has" if number == 1 else "have" for number in above]
    assert (
        f"Of {len(others)} other models on the same rows, {above[0]} {verb[0]} a higher accuracy and {above[1]} "
        f"{verb[1]} a higher macro-F1."
    ) in words(page("verdict")).replace("\\", "")


def test_the_best_other_model_stands_beside_the_best_trial(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path)])
    folds = pd.read_parquet(next(DEMONSTRATION.glob("*/baselines/folds.parquet")))
    folds["name"] = [
        f"{model}, resampled" if more else model for model, more in zip(folds["model"], folds["resampled"], strict=True)
    ]
    best = folds.groupby("name")["accuracy"].mean().idxmax()
    headline = words(page("overview")).replace("\\", "")
    assert f"By accuracy, the best other model on the same folds is {best}, with" in headline


def test_baselines_that_something_else_wrote_are_passed_over(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path)])
    shutil.copytree(DEMONSTRATION, tmp_path, dirs_exist_ok=True)
    [file] = tmp_path.glob("*/baselines/folds.parquet")
    pd.read_parquet(file).drop(columns=["training_rows"]).to_parquet(file)
    shown = page("overview")
    assert sound(shown)
    assert "The best trial" in words(shown)
    assert "it has no column training_rows" in words(shown).replace("\\", "")


def test_how_to_go_on_with_an_interrupted_run_is_told(page: Callable[..., AppTest], storage: Path) -> None:
    part = storage / "large" / "trials" / "part-00000.parquet"
    table = pd.read_parquet(part)
    table.loc[table["trial"] == 29, "state"] = "RUNNING"
    table.to_parquet(part)
    change(storage / "large" / "status.json", state="interrupted")
    shown = page("overview", run="large")
    assert f"Nothing of it runs. `nids resume large --storage {storage}` goes on with it." in words(shown)
    assert "1 unfinished" in "".join(bar.proto.text for bar in shown.get("progress"))


def test_of_lost_confusions_nothing_is_said(page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "large" / "confusions" / "part-00000.parquet").write_bytes(b"PAR1")
    shown = page("classes", run="large", trial="3")
    assert sound(shown)
    found = words(shown).replace("\\", "")
    assert "is what trial 3 is weakest on: F1" in found
    assert "rows are found" not in found
    assert "What trial 3 takes for what cannot be read." in found


def test_a_finalization_that_has_begun_is_told(page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "large" / UNFINISHED).mkdir(parents=True)
    (storage / "large" / UNFINISHED / "fold-0-seed-1-of-3.npz").write_bytes(b"")
    assert "A finalization has begun: 1 model of it is trained." in words(page("verdict", run="large"))


def test_runs_are_compared_by_configuration_and_by_outcome(page: Callable[..., AppTest], storage: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(storage)).folder("other"), 12, seed=1)
    shown = page("compare", runs=["large", "other"])
    assert sound(shown)
    came, settings = (table.value for table in shown.table)
    assert came.columns.tolist() == ["large", "other"]
    assert came.index.tolist()[:3] == ["state", "trials", r"best trial"]
    assert settings.loc[r"job\.search\.trials"].tolist() == ["30", "12"]  # type: ignore[operator]
    assert len(settings) == 1
    assert "log\\-loss" in words(shown)


def test_the_first_run_is_compared_with_each_other_one(page: Callable[..., AppTest], storage: Path) -> None:
    for name, seed in (("other", 1), ("third", 2)):
        synthetic_run.write(Folder.from_uri(str(storage)).folder(name), 12, seed=seed)
    found = words(page("compare", runs=["large", "other", "third", "gone"])).replace("\\", "")
    assert found.count("the best trial of large") == 2
    assert "No run of the name gone, which the address asks for, can be read." in found


def test_two_runs_are_compared_when_the_demonstration_is_gone(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path)])
    shown = page("compare")
    assert shown.multiselect(key="runs").value == ["demonstration"]
    for name in ("first", "second"):
        synthetic_run.write(Folder.from_uri(str(tmp_path)).folder(name), 12)
    cache.names.clear()
    assert sorted(shown.run().multiselect(key="runs").value) == ["first", "second"]


def test_what_any_run_was_searched_by_is_compared_first(page: Callable[..., AppTest], storage: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(storage)).folder("other"), 12)
    job = json.loads((storage / "other" / "manifest.json").read_text())["job"]
    change(storage / "other" / "manifest.json", job=job | {"search": job["search"] | {"metric": "macro_f1"}})
    shown = page("compare", runs=["large", "other"])
    assert sound(shown)
    results = shown.table[0].value.index.tolist()
    assert results[:5] == ["state", "trials", "best trial", r"log\-loss", r"macro\-F1"]
    assert "That is what large was searched by; other was searched by macro-F1." in words(shown).replace("\\", "")


def test_the_latest_runs_with_a_result_are_compared_first(page: Callable[..., AppTest], storage: Path) -> None:
    for name, trials in (("second", 12), ("begun", 12)):
        synthetic_run.write(Folder.from_uri(str(storage)).folder(name), trials)
    shutil.rmtree(storage / "begun" / "trials")
    change(storage / "begun" / "manifest.json", created="2999-01-01T00:00:00+00:00")
    assert sorted(page("compare").multiselect(key="runs").value) == ["large", "second"]


def test_a_link_holds_the_range_of_a_hyperparameter(page: Callable[..., AppTest], storage: Path) -> None:
    rates = pd.read_parquet(storage / "large" / "trials")["params_learning_rate"].sort_values()
    low, high = rates.iloc[0], rates.iloc[9]
    address = {"of": "learning_rate", "in-learning_rate": [setting(low), setting(high)]}
    assert "10 of 30 trials" in words(page("trials", run="large", **address))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param({"weigh": "accuracy", "against": "accuracy"}, "Choose two different figures.", id="the-same"),
        pytest.param({"state": "failed"}, "None of the trials that pass the filters has both figures.", id="filtered"),
        pytest.param({"state": "pruned"}, "No trial of the front passes the filters.", id="the-front-filtered"),
    ],
)
def test_why_there_is_no_front(
    address: dict[str, str], expected: str, page: Callable[..., AppTest], storage: Path
) -> None:
    shown = page("trials", run="large", view="trade-offs", **address)
    assert sound(shown)
    assert expected in words(shown).replace("\\", "")


def test_without_a_complete_trial_there_is_nothing_to_weigh(page: Callable[..., AppTest], storage: Path) -> None:
    part = storage / "large" / "trials" / "part-00000.parquet"
    table = pd.read_parquet(part)
    table.assign(state=table["state"].replace("COMPLETE", "PRUNED")).to_parquet(part)
    shown = page("trials", run="large", view="trade-offs")
    assert sound(shown)
    assert "No trial is complete: only complete ones can be weighed against each other." in words(shown)


def test_why_trials_failed_is_told_letter_by_letter() -> None:
    failures = pd.DataFrame(
        [("out of\n# memory <b>[x](http:y)</b>", 1, "7"), ("a - b", 12, "1, 2, 3")],
        columns=["reason", "count", "trials"],
    )
    assert overview._failures(failures).split("\n") == [
        "##### Failures",
        r"- out of \# memory \<b\>\[x\]\(http\:y\)\<\/b\>: 1 trial (7)",
        r"- a \- b: 12 trials (1, 2, 3, …)",
    ]


def test_a_trial_can_stand_beside_another(page: Callable[..., AppTest], storage: Path) -> None:
    shown = page("classes", run="large", trial="3", beside="trial 6")
    table = shown.dataframe[0].value
    assert table[["model", "class"]].head(4).to_numpy().tolist() == [
        ["trial 3", "Normal"],
        ["trial 6", "Normal"],
        ["trial 3", "DoS"],
        ["trial 6", "DoS"],
    ]


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        pytest.param("manifest.json", b"{", "cannot be read", id="half-a-manifest"),
        pytest.param("manifest.json", b"[]", "not as this program writes it", id="another-kind-of-manifest"),
        pytest.param(
            "manifest.json", b'{"format": 3}', "not as this program writes it", id="a-manifest-without-content"
        ),
        pytest.param("manifest.json", b'{"format": 99}', "the run has format 99", id="another-format"),
        pytest.param("status.json", b"\xff\xfe", "cannot be read", id="a-status-of-bytes"),
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


@pytest.mark.parametrize("table", ["trials", "classes", "confusions", "attacks", "curves"])
def test_a_damaged_part_is_passed_over_and_named(table: str, page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "large" / table / "part-00000.parquet").write_bytes(b"PAR1 half of it")
    for name in PAGES:
        shown = page(name, run="large")
        assert sound(shown), name
    shown = page("overview" if table in {"trials", "curves", "classes", "attacks"} else "classes", run="large")
    assert f"{table}/part-00000.parquet" in words(shown).replace("\\", "")


def test_foreign_files_are_no_runs(page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "notes.txt").write_text("not a run")
    (storage / "empty").mkdir()
    shown = page("runs")
    assert shown.dataframe[0].value["run"].tolist() == ["large"]


def test_texts_of_a_run_are_no_markup(page: Callable[..., AppTest], storage: Path) -> None:
    (storage / "large").rename(storage / "<b>x $y$ [z](http:w)")
    shown = page("overview")
    assert shown.subheader[0].value == r"\<b\>x \$y\$ \[z\]\(http\:w\)"


def test_texts_of_a_run_are_no_markup_anywhere(page: Callable[..., AppTest], storage: Path) -> None:
    hostile, name = "![x](http://h/x.png)", "a` **b** :red[c] ; rm -rf ~ `"
    change(storage / "large" / "manifest.json", machine={"cpus": hostile, hostile: hostile})
    (storage / "large").rename(storage / name)
    for one in PAGES:
        shown = page(one)
        assert sound(shown), one
        assert hostile not in words(shown) + "".join(str(table.value) for table in shown.table)
    # In code, letters are letters, as long as the fence is longer than any in it; the shell takes the name as one word.
    assert f"`` nids finalize '{name}' --storage {storage} ``" in words(page("verdict"))


def test_a_trial_without_results_is_said_to_have_none(page: Callable[..., AppTest], storage: Path) -> None:
    shown = page("classes", run="large", trial="7")
    assert "Trial 7, which the address asks for, has no results: here is the best one." in words(shown)


def test_of_damaged_runs_the_others_are_shown(page: Callable[..., AppTest], storage: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(storage)).folder("other"), 12)
    for i in range(3):
        shutil.copytree(storage / "other", storage / f"damaged-{i}")
        change(storage / f"damaged-{i}" / "manifest.json", run=None)
    for name in ("runs", "compare"):
        shown = page(name)
        assert sound(shown)
        assert words(shown).count("is damaged and passed over") == 3
    assert page("compare").multiselect(key="runs").value == ["large", "other"]


def test_an_unknown_run_in_the_address_is_said_to_be_unknown(page: Callable[..., AppTest], storage: Path) -> None:
    shown = page("overview", run="gone")
    assert "holds no run named gone, which was asked for here." in words(shown)
    assert not shown.metric  # of another run, nothing is shown unasked
    shown.selectbox[0].select("large").run()
    assert shown.subheader[0].value == "large"
    assert shown.query_params["run"] in ("large", ["large"])


def test_a_run_is_found_as_soon_as_it_is_there(page: Callable[..., AppTest], storage: Path) -> None:
    page("overview")
    synthetic_run.write(Folder.from_uri(str(storage)).folder("new"), 2)
    assert page("overview", run="new").subheader[0].value == "new"


def test_the_demonstration_gives_way_to_the_first_run(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", str(tmp_path)])
    shown = page("overview")
    assert shown.subheader[0].value == "demonstration"
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("mine"), 2)
    cache.names.clear()
    assert shown.run().subheader[0].value == "mine"
    told = "There are runs now, so the demonstration is gone: this is the latest of them."
    assert told in words(shown)
    assert told not in words(shown.run())


@pytest.mark.parametrize(
    ("state", "sentence", "rows"),
    [
        pytest.param(
            "running",
            "1 node is alive, 4 of 8 CPUs and 1 of 1 GPUs in use; 1 was lost.",
            [["a", "alive", "4 of 8", 0.5, "1 of 1"], ["b", "lost", "0 of 8", 0.0, "0 of 0"]],
            id="running",
        ),
        pytest.param(
            "finished",
            "At last it had 1 node with 8 CPUs and 1 GPUs.",
            [["a", "there at last", "8", "1"], ["b", "lost", "8", "0"]],
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


def test_the_pages_read_an_object_store(
    page: Callable[..., AppTest], bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", "s3://bucket/runs"])
    shutil.copytree(DEMONSTRATION, bucket / "runs")
    for name in PAGES:
        shown = page(name)
        assert sound(shown), name
        assert "A demonstration." not in words(shown), name
    assert "Of 1,000,000 connections a day, 1,000 of them attacks" in words(page("verdict"))
    damaged = next((bucket / "runs").glob("*/curves/*.parquet"))
    damaged.write_bytes(b"PAR1 half of it")
    assert f"curves/{damaged.name}" in words(page("overview")).replace("\\", "")


def test_the_demonstration_has_all_that_pages_show() -> None:
    tables = {path.parent.name for path in DEMONSTRATION.rglob("*.parquet")}
    assert tables == {"attacks", "baselines", "classes", "confusions", "curves", "final", "trials"}
