from __future__ import annotations

import io
import math
import re
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from rich.console import Console

from nids import report
from nids.analysis.class_results import CLASS_MEASURES
from nids.analysis.summary import SHOWN_TRIALS, BestTrial
from nids.datasets.catalog.nsl_kdd.published import PAPER
from nids.datasets.published import PublishedResult
from nids.detector.candidates import choose, choose_best
from nids.errors import UserError
from nids.metrics.formatting import duration, interval, mean_and_spread, setting
from nids.metrics.measures import HEADLINE, UNSEEN_HEADLINE, applicable, described, label
from nids.report import as_json, cells, sentences
from nids.results import Run, RunWriter
from nids.results.manifest import MEASURES_OF_FORMAT_3
from nids.results.schema import TRIALS_A_PART
from nids.results.status import TrialCounts
from nids.search_space import describe
from nids.storage import Folder
from tests.manifests import OWNER, a_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from nids.results.status import State

CLASSES = ("Normal", "U2R")
SPACE = {
    "conv_kernel_size": IntDistribution(3, 48),
    "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
    "attention": CategoricalDistribution(["dot", "additive"]),
}
MARKUP = "<script>alert('x')</script> [bold]"


def trial(number: int, state: str = "COMPLETE", value: float | None = 0.02, **more: Any) -> dict[str, Any]:
    means = {"accuracy": 0.99, "macro_f1": 0.9, "weighted_f1": 0.98}
    figures = (
        {}
        if value is None
        else {name: means.get(name, 0.985) for name in applicable(unseen=False)} | {"log_loss": value}
    )
    return {
        "trial": number,
        "state": state,
        "value": value,
        "best_epoch": None if value is None else 2,
        "epochs": 3,
        "seconds": 75.0,
        "error": None,
        **figures,
        **{f"{name}_std": 0.0004 for name in figures},
        "params_conv_kernel_size": 3 + number % 40,
        "params_learning_rate": 0.001,
        "params_attention": "dot",
        **more,
    }


def make_run(
    folder: Path,
    *trials: dict[str, Any],
    state: State = "finished",
    folds: int = 2,
    count: int = 2,
    data: dict[str, Any] | None = None,
    metric: str = "log_loss",
    notes: tuple[str, ...] = (),
    attacks: tuple[dict[str, Any], ...] = (),
    scheme: str = "random",
    search: dict[str, Any] | None = None,
    measures: dict[str, str] | None = None,
) -> Run:
    """Write a run whose trials all have the same results by class: U2R is found half the time in fold 1."""
    manifest = a_manifest(
        job={
            "folds": {"scheme": scheme, "count": count, "use": folds},
            "search": {"metric": metric, "trials": max(len(trials), 1), **(search or {})},
            "hyperparameters": {"gru_units": 32, "optimizer": "adamw"},
        },
        data=data or {},
        folds={"used": range(folds), "notes": notes},
        measures={**MEASURES_OF_FORMAT_3, **(measures or {})},
        space=describe(SPACE),
    )
    writer = RunWriter(Folder.from_uri(str(folder)), manifest)
    for row in trials:
        rows: dict[str, list[dict[str, Any]]] = {
            "trials": [row],
            "classes": [],
            "attacks": [{"trial": row["trial"], **attack} for attack in attacks],
            "confusions": [],
            "curves": [],
        }
        for fold in range(folds if row["value"] is not None else 0):
            key = {"trial": row["trial"], "fold": fold}
            found = 1.0 - 0.5 * fold
            for name, support, recall in zip(CLASSES, (40, 10), (1.0, found), strict=True):
                rate = {"precision": 1.0, "recall": recall, "f1": recall, "false_positive_rate": 0.004 * fold}
                rows["classes"].append({**key, "class": name, "support": support, **rate})
            matrix = {("Normal", "Normal"): 40, ("U2R", "U2R"): int(10 * found), ("U2R", "Normal"): 5 * fold}
            rows["confusions"] += [
                {**key, "actual": actual, "predicted": predicted, "count": n}
                for (actual, predicted), n in matrix.items()
            ]
            rows["curves"] += [
                {**key, "epoch": epoch, "training_loss": 0.4 / epoch, "log_loss": 0.3 / epoch, "seconds": 1.0}
                for epoch in (1, 2, 3)
            ]
        writer.put(row["trial"], rows)
    for part in {row["trial"] // TRIALS_A_PART: row["trial"] for row in trials}.values():
        writer.flush(part)
    writer.write_status(state, TrialCounts(total=max(len(trials), 1)), OWNER)
    return Run(writer.folder)


def shown(run: Run) -> str:
    console = Console(file=io.StringIO(), width=110)
    report.show(run, console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def page(run: Run) -> str:
    path = report.write(run)
    assert path == f"{run.uri}/report.html"
    return run.folder.read("report.html").decode()


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.mark.parametrize(
    ("measure", "mean", "std", "text"),
    [
        pytest.param("accuracy", 0.993123, 0.00042, "99.31 ± 0.04 %", id="one-digit"),
        pytest.param("accuracy", 0.993123, 0.0012, "99.31 ± 0.12 %", id="two-digits-from-1"),
        pytest.param("f1", 0.4123, 0.096, "41 ± 10 %", id="whole-per-cent"),
        pytest.param("f1", 0.4123, 0.0096, "41.2 ± 1.0 %", id="rounds-up-to-1"),
        pytest.param("log_loss", 0.00812, 0.00041, "0.0081 ± 0.0004", id="no-share"),
        pytest.param("accuracy", 0.9988573, 0.0000002, "99.886 ± 0.000 %", id="finer-than-rows-can-tell"),
        pytest.param("accuracy", 0.9931, math.nan, "99.31 %", id="one-fold"),
        pytest.param("log_loss", 0.028093, math.nan, "0.0281", id="one-fold-no-share"),
        pytest.param("accuracy", math.nan, math.nan, "–", id="nothing"),
    ],
)
def test_means_are_as_fine_as_their_spread(measure: str, mean: float, std: float, text: str) -> None:
    assert mean_and_spread(measure, mean, std) == text


@pytest.mark.parametrize(
    ("std", "text"),
    [pytest.param(math.nan, "92.30–99.88 %", id="plain"), pytest.param(0.02, "92–100 %", id="coarse-spread")],
)
def test_interval(std: float, text: str) -> None:
    assert interval("recall", 0.9230, 0.9988, std) == text


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (0.45328375223588824, "0.4533"),
        (24, "24"),
        (None, "–"),
        (True, "true"),
        ([64, 128], "64, 128"),
        ("dot", "dot"),
    ],
)
def test_setting(entry: object, text: str) -> None:
    assert setting(entry) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.4, "12 s"), (59.7, "1 min 0 s"), (725, "12 min 5 s"), (12000, "3 h 20 min"), (math.nan, "–")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_tables_of_a_finished_run(tmp_path: Path) -> None:
    pruned = trial(2, "PRUNED", 0.001)
    failed = [
        trial(3, "FAIL", None, error="NaN"),
        trial(4, "FAIL", None, error="NaN"),
        trial(5, "FAIL", None),
    ]
    found = report.summarize(make_run(tmp_path, trial(0, value=0.03), trial(1, value=0.02), pruned, *failed))

    assert found.best == BestTrial(trial=1, value=0.02, std=0.0004, epoch=2)
    assert (found.metric, found.direction, found.state, found.folds, found.unlike) == (
        "log_loss",
        "min",
        "finished",
        2,
        ((),),
    )
    assert found.states == {"COMPLETE": 2, "PRUNED": 1, "RUNNING": 0, "FAIL": 3}
    assert found.failures.to_dict("list") == {
        "reason": ["NaN", "no reason was given"],
        "count": [2, 1],
        "trials": ["3, 4", "5"],
    }
    assert found.metrics.loc["accuracy"].to_dict() == {
        "mean": 0.99,
        "std": 0.0004,
        "majority": 0.8,
    }
    assert found.published == (PAPER,)
    assert found.hyperparameters.loc["conv_kernel_size"].tolist() == [4, SPACE["conv_kernel_size"]]  # type: ignore[operator]
    assert found.hyperparameters.loc["gru_units"].tolist() == [32, None]  # type: ignore[operator]
    assert found.hyperparameters.loc["optimizer"].tolist() == ["adamw", None]  # type: ignore[operator]
    assert list(found.trials["trial"]) == [0, 1, 2, 3, 4, 5]

    u2r = found.classes.loc["U2R"]
    assert list(found.classes.index) == ["Normal", "U2R"]
    assert u2r["support"] == 20
    assert u2r[["recall_mean", "recall_min", "recall_max"]].tolist() == [0.75, 0.5, 1.0]  # type: ignore[operator]
    assert u2r["recall_std"] == pytest.approx(math.sqrt(0.125))
    assert found.ranges.to_dict("index") == {
        "false_positive_rate": {"low": 0.0, "high": 0.004},
        "recall": {"low": 0.5, "high": 1.0},
    }


def test_the_best_of_a_metric_that_grows_is_the_highest(tmp_path: Path) -> None:
    run = make_run(tmp_path, trial(0, value=0.7), trial(1, value=0.9), trial(2, value=0.8), metric="macro_f1")
    found = report.summarize(run)
    assert found.best is not None
    assert (found.best.trial, found.direction) == (1, "max")


@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        pytest.param({"folds": 2, "count": 5}, ("the run used only 2 of 5 folds",), id="some-folds"),
        pytest.param(
            {"data": {"source": "KDDTrain+_20Percent"}},
            ("the rows are those of KDDTrain+_20Percent, the published ones those of KDDTrain+",),
            id="another-file",
        ),
    ],
)
def test_says_where_the_paper_cannot_be_compared(
    more: dict[str, Any], reasons: tuple[str, ...], tmp_path: Path
) -> None:
    run = make_run(tmp_path, trial(0), **more)
    assert report.summarize(run).unlike == (reasons,)
    sentence = f"The comparison with {PAPER.label} is not like for like: {'; '.join(reasons)}."
    assert sentence in " ".join(shown(run).split())
    assert sentence in Elements(page(run)).text.replace("’", "'")


@pytest.mark.slow
def test_synthetic_data_is_announced_and_not_held_against_the_paper(tmp_path: Path) -> None:
    run = make_run(tmp_path, trial(0), data={"synthetic": True, "source": "sample"})
    for text in (shown(run), Elements(page(run)).text):
        assert "SYNTHETIC DATA" in text
        assert PAPER.label not in text
    assert report.picture(run).startswith(b"\x89PNG")


def test_importances_point_at_what_decides(tmp_path: Path) -> None:
    rates = [1e-4 * 1.2**n for n in range(20)]
    trials = [trial(n, value=rate, params_learning_rate=rate) for n, rate in enumerate(rates)]
    found = report.summarize(make_run(tmp_path, *trials))
    assert max(found.importances, key=found.importances.__getitem__) in {"learning_rate", "conv_kernel_size"}
    assert found.importances["attention"] < 0.05
    assert sum(found.importances.values()) == pytest.approx(1)
    assert found.importances_note == "From 20 complete trials, by PED-ANOVA. That is few: take the order as a hint."


def test_importances_need_trials_that_differ(tmp_path: Path) -> None:
    same = [trial(n, params_conv_kernel_size=5) for n in range(6)]
    found = report.summarize(make_run(tmp_path, *same))
    assert found.importances == {}
    assert "do not differ" in found.importances_note


@pytest.mark.slow
def test_more_trials_than_are_shown(tmp_path: Path) -> None:
    pruned = [trial(n, "PRUNED", 0.001) for n in range(50)]
    complete = [trial(50 + n, value=0.5 - n / 1000) for n in range(SHOWN_TRIALS)]
    run = make_run(tmp_path, *pruned, *complete, trial(999, value=0.0001))
    found = report.summarize(run)
    assert list(found.trials["trial"]) == [999, *range(49 + SHOWN_TRIALS, 50, -1)]
    assert "The best 200 of 251 trials, the complete ones first." in page(run)


@pytest.mark.slow
def test_the_page_stands_alone_and_escapes_what_the_run_says(tmp_path: Path) -> None:
    failed = trial(5, "FAIL", None, error=MARKUP)
    run = make_run(tmp_path, *(trial(n, value=0.02 + n / 100) for n in range(5)), failed, notes=(MARKUP,))
    html = page(run)
    elements = Elements(html)
    assert elements.tags["svg"] == 5
    assert not {"script", "link", "img", "iframe", "object", "image", "bold"} & set(elements.tags)
    names = {name for name, _ in elements.attributes}
    assert not {"src", "href", "xlink:href", "onclick", "onload"} & names
    assert "@import" not in html
    assert elements.text.count(MARKUP) == 2
    ids = Counter(value for name, value in elements.attributes if name == "id")
    assert set(ids.values()) <= {1}
    referred = {value[5:-1] for _, value in elements.attributes if value and value.startswith("url(#")}
    assert referred <= set(ids)

    assert report.write(run) == f"{run.uri}/report.html"  # replaces the older one
    assert page(run) == html


@pytest.mark.slow
def test_attack_types_that_were_withheld_stand_apart(tmp_path: Path) -> None:
    def counts(fold: int, attack: str, unseen: bool, *numbers: int) -> dict[str, Any]:
        named = dict(zip(("rows", "detected", "correct"), numbers, strict=True))
        return {"fold": fold, "attack": attack, "class": "U2R" if attack == "perl" else "Normal", **named} | {
            "unseen": unseen
        }

    attacks = (
        counts(0, "perl", True, 8, 6, 2),
        counts(0, "normal", False, 40, 1, 39),
        counts(1, "perl", False, 2, 2, 2),
        counts(1, "normal", False, 40, 3, 37),
    )
    unseen: dict[str, Any] = {
        "unseen_macro_f1": 0.7,
        "unseen_detection_rate": 0.75,
        "unseen_recall": 0.25,
        "false_alarm_rate": 0.05,
    }
    row = trial(0, **unseen, **dict.fromkeys((f"{name}_std" for name in unseen), 0.01))  # type: ignore[arg-type]
    run = make_run(tmp_path, row, attacks=attacks, scheme="unseen-attacks", metric="unseen_macro_f1")
    found = report.summarize(run)
    assert found.attacks.reset_index().to_dict("records") == [
        {"attack": "normal", "class": "Normal", "unseen": False, "rows": 80, "detected": 0.05, "correct": 0.95},
        {"attack": "perl", "class": "U2R", "unseen": True, "rows": 8, "detected": 0.75, "correct": 0.25},
        {"attack": "perl", "class": "U2R", "unseen": False, "rows": 2, "detected": 1.0, "correct": 1.0},
    ]
    measures = found.metrics.loc[list(unseen)]
    assert measures["mean"].tolist() == list(unseen.values())
    assert measures["majority"].fillna(-1).tolist() == [-1, 0, 0, 0]
    assert found.unlike == (
        ("the training part of each fold lacks some attack types altogether, that of the published does not",),
    )
    assert (
        "Trial 0 is the best: it detects 75.0 ± 1.0 % of the attacks of types withheld from its training, at a "
        "false-alarm rate of 5.0 ± 1.0 %; accuracy on known types 99.00 ± 0.04 %"
    ) in sentences.verdict(found)
    definitions = dict(sentences.definitions(found))
    for name in (*UNSEEN_HEADLINE, *HEADLINE, *CLASS_MEASURES):
        assert definitions[label(name)] == described(name).definition != ""
    assert re.search(r"perl\s+U2R\s+unseen\s+8\s+75.00 %\s+25.00 %", shown(run))
    assert "<td>perl</td><td>U2R</td><td>unseen</td><td>8</td><td>75.00 %</td><td>25.00 %</td>" in page(run)
    assert "Results by attack type" not in page(make_run(tmp_path / "random", trial(0), attacks=attacks[1:]))


def test_the_page_opens_with_the_answer(tmp_path: Path) -> None:
    text = Elements(page(make_run(tmp_path, trial(0), trial(1, value=0.5)))).text.replace("\N{NO-BREAK SPACE}", " ")
    answer = (
        "Trial 0 is the best: accuracy 99.00 ± 0.04 %, above the 98.83 % of Benchama & Zebbara (2024) and the 80.00 % "
        "of the majority class; weakest class: U2R, F1 75 ± 35 %."
    )
    assert answer in text
    order = [
        "Trial 0 is the best",
        "macro-F1",
        "Results by class",
        "Confusion matrix",
        "The search",
        "How the figures",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "slightly optimistic" in text
    assert "None of their rows takes part in a search." in text


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [
        pytest.param(
            0.98,
            "below the 98.83 % of Benchama & Zebbara (2024) and above the 80.00 % of the majority class",
            id="below",
        ),
        pytest.param(
            0.9881,
            "within the spread of the 98.83 % of Benchama & Zebbara (2024) and above the 80.00 % of the majority class",
            id="level",
        ),
    ],
)
def test_the_verdict_weighs_the_difference_by_the_spread(accuracy: float, words: str, tmp_path: Path) -> None:
    assert words in " ".join(shown(make_run(tmp_path, trial(0, accuracy=accuracy))).split())


def test_one_fold_has_no_spread(tmp_path: Path) -> None:
    run = make_run(
        tmp_path, {**trial(0), **{f"{name}_std": 0.0 for name in applicable(unseen=False)}}, folds=1, count=5
    )
    found = report.summarize(run)
    assert found.best is not None
    assert math.isnan(found.best.std)
    assert found.metrics["std"].isna().all()
    text = shown(run)
    assert "no spread" in text
    assert "99.00 %" in text
    assert "± 0" not in text


@pytest.mark.parametrize(
    ("trials", "state", "words"),
    [
        pytest.param([], "running", "No trial has started yet.", id="nothing-yet"),
        pytest.param([], "interrupted", "The run has no trials.", id="nothing-ever"),
        pytest.param(
            [trial(0, "RUNNING", None), trial(1, "PRUNED", 0.2)],
            "running",
            "No trial is complete yet: 1 pruned, 1 running.",
            id="none-complete",
        ),
        pytest.param(
            [trial(0, "FAIL", None, error="loss is NaN"), trial(1, "FAIL", None, error="loss is NaN")],
            "finished",
            "All 2 trials failed; the reasons are below.",
            id="all-failed",
        ),
        pytest.param([trial(0)], "running", "So far, trial 0 is the best: accuracy 99.00", id="one-complete"),
    ],
)
def test_runs_in_every_state(trials: list[dict[str, Any]], state: State, words: str, tmp_path: Path) -> None:
    run = make_run(tmp_path, *trials, state=state)
    text, html = shown(run), Elements(page(run)).text.replace("\N{NO-BREAK SPACE}", " ")
    assert words in " ".join(text.split())
    assert words in html
    assert "Importances need at least 4 complete trials" in html
    assert ("loss is NaN" in text) == ("loss is NaN" in html) == any(row["error"] for row in trials)


def test_no_picture_without_a_complete_trial(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a-run: there is nothing to draw\. No trial has started yet\."):
        report.picture(make_run(tmp_path, state="running"))


def test_the_terminal_shows_the_run_s_words_as_they_are(tmp_path: Path) -> None:
    text = shown(make_run(tmp_path, trial(0), trial(1, "FAIL", None, error=MARKUP)))
    assert MARKUP in text
    assert "Trials: 1 complete, 1 failed." in text


def test_a_report_changes_nothing_but_its_own_file(tmp_path: Path) -> None:
    run = make_run(tmp_path, trial(0))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    report.write(run)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after.pop(tmp_path / "report.html")
    assert after == before


def test_tables_are_plain_frames(tmp_path: Path) -> None:
    found = report.summarize(make_run(tmp_path))
    assert found.best is None
    assert found.metrics["mean"].isna().all()
    assert isinstance(found.classes, pd.DataFrame)
    assert found.classes.empty


@pytest.mark.slow
def test_published_results_have_a_column_each_and_none_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = PublishedResult(
        "Smith (2025)", "Smith", "KDDTrain+", "nsl-kdd", {"macro_f1": 0.5}, notes={"macro_f1": "Of 2."}
    )
    monkeypatch.setattr("nids.analysis.summary.published_for", lambda _: (PAPER, other))
    two = report.summarize(make_run(tmp_path / "two", trial(0)))
    head, rows = cells.metrics(two)
    assert head == ("", "best trial", "paper", "Smith", "majority class")
    assert rows[0] == ("accuracy", "99.00 ± 0.04 %", "98.83 %", "–", "80.00 %")
    assert rows[1] == ("macro-F1", "90.00 ± 0.04 %", "–", "50.00 % *", "44.44 %")
    assert rows[2] == ("log-loss", "0.0200 ± 0.0004", "0.0281 *", "–", "0.5")
    assert cells.notes(two) == [PAPER.notes["log_loss"], "Of 2."]
    assert cells.ranges(two) == (
        ("", "lowest–highest", "paper"),
        [
            ("false-positive rate", "0.00–0.40 %", "0.08–0.73 %"),
            ("recall (detection rate)", "50.00–100.00 %", "92.30–99.88 %"),
        ],
    )
    assert "<th>paper</th><th>Smith</th>" in page(make_run(tmp_path / "two", trial(0)))

    monkeypatch.setattr("nids.analysis.summary.published_for", lambda _: ())
    none = report.summarize(make_run(tmp_path / "none", trial(0)))
    assert cells.metrics(none)[0] == ("", "best trial", "majority class")
    assert cells.ranges(none) is None
    run = make_run(tmp_path / "none", trial(0))
    assert "paper" not in shown(run)
    assert "paper" not in Elements(page(run)).text.rpartition("Configuration")[0]


TWO = {
    "objectives": ["macro_f1:max", "false_alarm_rate:min"],
    "constraints": ["accuracy >= 98 %"],
}


def of_two(folder: Path) -> Run:
    """A run of two objectives: two trials on the front, one behind it, one infeasible, and one not trained again."""

    def reached(number: int, f1: float, alarms: float, **more: Any) -> dict[str, Any]:
        figures = {"macro_f1": f1, "false_alarm_rate": alarms, "false_alarm_rate_std": 0.0004}
        return trial(number, **{"value": f1, "log_loss": 0.02, **figures, **more})

    known = {"value": 0.75, "best_epoch": None, "epochs": 0, "duplicate_of": 1}
    unknown = dict.fromkeys(name for name in reached(0, 0, 0) if name.removesuffix("_std") in applicable(unseen=True))
    return make_run(
        folder,
        reached(0, 0.9, 0.04),
        reached(1, 0.75, 0.01),
        reached(2, 0.7, 0.02),
        reached(3, 0.99, 0.0, accuracy=0.5),
        {**reached(4, 0.0, 0.0), **unknown, **known},
        search=TWO,
    )


def test_several_objectives_and_constraints_are_told_everywhere(tmp_path: Path) -> None:
    run = of_two(tmp_path)
    found = report.summarize(run)
    assert found.best is not None
    assert (found.best.trial, found.front["trial"].tolist(), found.duplicates) == (0, [0, 1], 1)
    texts = (
        "Trial 0 is the best in the first objective: macro-F1 90.00 ± 0.04 %, false-alarm rate 4.00 ± 0.04 %; accuracy",
        "5 complete (1 infeasible), one of them at a point that was known, so not trained again",
        "3 of 4 complete trials keep the constraint accuracy >= 0.98.",
        "2 of 3 feasible trials are on the Pareto front of macro-F1 and false-alarm rate",
        "The hypervolume of the front is 0.250 of 1.",
        f"nids finalize {run.name} --pick 'false_alarm_rate <= 0.01, then max macro_f1'",
    )
    on_terminal = " ".join(shown(run).split())
    html = page(run)
    on_page = " ".join(" ".join(Elements(html).words).replace("\N{NO-BREAK SPACE}", " ").split())
    assert [text for text in texts if text not in on_terminal] == []
    assert [text for text in texts if text not in on_page] == []
    head, rows = cells.front(found)
    assert head[:3] == ("trial", "macro-F1", "false-alarm rate")
    assert [row[:3] for row in rows] == [
        ("0", "90.00 ± 0.04 %", "4.00 ± 0.04 %"),
        ("1", "75.00 ± 0.04 %", "1.00 ± 0.04 %"),
    ]
    assert {"Pareto front", "Hypervolume history", "hypervolume", "feasible"} <= {*Elements(html).words}
    states = [row[1] for row in cells.trials(found)[1]]
    assert states == ["COMPLETE", "COMPLETE", "COMPLETE", "COMPLETE, infeasible", "COMPLETE (as 1)"]
    assert report.picture(run).startswith(b"\x89PNG")


def test_measures_on_demand_are_in_words_and_defined(tmp_path: Path) -> None:
    names = {"recall.U2R": "max", "parameters": "min"}
    figures: dict[str, Any] = {"recall.U2R": 0.5, "recall.U2R_std": 0.1, "parameters": 1234.0, "parameters_std": 0.0}
    run = make_run(tmp_path, trial(0, value=0.5, **figures), search={"objectives": [*names]}, measures=names)
    found = report.summarize(run)
    assert "recall of U2R 50 ± 10 %, parameters 1,234; accuracy" in sentences.verdict(found)
    html = page(run)
    assert "Numbers in the network that training sets." in html
    assert html.count("<dt>majority class</dt><dd>") == 2  # the tile of accuracy, and the definition
    assert {"recall of U2R", "1,234"} <= {*Elements(html).words}


def test_json_has_the_front_and_the_constraints(tmp_path: Path) -> None:
    values = as_json.content(of_two(tmp_path))
    assert values["objectives"] == ["macro_f1", "false_alarm_rate"]
    assert values["constraints"] == [{"limit": "accuracy >= 0.98", "kept_by": 3, "nearest": 0.99}]
    assert values["trials"] == {
        "COMPLETE": 5,
        "PRUNED": 0,
        "RUNNING": 0,
        "FAIL": 0,
        "total": 5,
        "duplicates": 1,
        "infeasible": 1,
    }
    assert values["hypervolume"] == pytest.approx(0.25)
    assert [row["trial"] for row in values["front"]] == [0, 1]
    assert values["front"][1]["objectives"] == {
        "macro_f1": {"mean": 0.75, "std": 0.0004},
        "false_alarm_rate": {"mean": 0.01, "std": 0.0004},
    }
    assert values["front"][1]["hyperparameters"]["conv_kernel_size"] == 4


def test_why_no_trial_is_the_best_where_none_keeps_the_constraints(tmp_path: Path) -> None:
    run = make_run(tmp_path, trial(0), trial(1, "PRUNED"), search={"constraints": ["accuracy >= 0.999"]})
    words = "The only complete trial does not keep the constraint accuracy >= 0.999: the nearest, trial 0, has 0.99."
    assert sentences.verdict(report.summarize(run)) == words
    assert words in " ".join(shown(run).split())
    with pytest.raises(UserError, match=r"has no complete trial that keeps accuracy >= 0\.999"):
        choose_best(run)


def test_a_trial_that_was_stopped_early_is_no_choice(tmp_path: Path) -> None:
    run = make_run(tmp_path, trial(0), trial(1, "PRUNED"))
    with pytest.raises(UserError, match=r"^trial 1 of .* was stopped early, after \d+ epochs?: nobody knows what it"):
        choose(run, 1)
