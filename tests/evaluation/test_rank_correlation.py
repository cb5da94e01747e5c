from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy.stats import rankdata

from nids.analysis import rank_correlation
from nids.errors import UserError
from nids.evaluation.rank_correlation import RankCorrelation, measure
from nids.evaluation.workspace import Workspace
from nids.report import rank_correlation as report
from nids.results import Run, RunManifest, open_run
from nids.search import driver, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job
    from nids.datasets.traffic import Traffic

TRIALS = 4
FOUND = "another draw of nsl-kdd-sample"


def changed(run: Run, key: str, value: object) -> Run:
    """Return a run of whose manifest a key has another value; its files stay what they are."""
    again = Run(run.folder)
    values = again.manifest.model_dump(mode="json")
    *path, last = key.split(".")
    section = values
    for name in path:
        section = section[name]
    section[last] = value
    again.manifest = RunManifest.model_validate(values)
    return again


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, cluster: None, traffic: Traffic, make_job: Callable[..., Job]
) -> list[Run]:
    """The same trials under both schemes of folds."""
    storage = str(tmp_path_factory.mktemp("runs"))
    console = Console(file=io.StringIO(), width=200)
    for scheme, metric in (("random", "macro_f1"), ("unseen-attacks", "unseen_macro_f1")):
        job = make_job(
            data={"rows": 240},
            folds={"scheme": scheme, "resampling": "none", "targets": {}},
            search={"metric": metric, "trials": TRIALS, "startup_trials": TRIALS, "start_from_paper": False},
            scheduler={"kind": "none"},
            resources={"max_concurrent": 1},
        )
        driver.run(prepare.prepare(job, traffic, storage, scheme, console.print), console)
    return [open_run(storage, name) for name in ("random", "unseen-attacks")]


@pytest.fixture(scope="module")
def outcome(runs: list[Run]) -> RankCorrelation:
    """What came of them on the held-out rows."""
    console = Console(file=io.StringIO(), width=200)
    for run in runs:  # from a machine with more cores
        run.folder.write("manifest.json", changed(run, "job.resources.cpus_per_trial", 1000).manifest.to_json())
    opened = [Run(run.folder) for run in runs]
    here = ("resources.cpus_per_trial=1",)
    (of_file,) = measure(opened, 1, Workspace(str(Path(runs[0].uri).parent), console, overrides=here))
    return of_file


def test_all_but_the_resources_stays_what_it_was(runs: list[Run]) -> None:
    console = Console(file=io.StringIO(), width=200)
    refusal = r"--set search\.trials=9: a started search only accepts changes to \[resources\]"
    with pytest.raises(UserError, match=refusal):
        measure(runs, 1, Workspace(str(Path(runs[0].uri).parent), console, overrides=("search.trials=9",)))


def test_each_search_tries_the_same(runs: list[Run]) -> None:
    shared = rank_correlation.shared(runs)
    assert [configuration.trials for configuration in shared] == [(i, i) for i in range(TRIALS)]
    assert len({configuration.hyperparameters for configuration in shared}) == TRIALS


def test_what_the_folds_say_is_of_the_last_epoch(runs: list[Run], outcome: RankCorrelation) -> None:
    table = outcome.configurations
    for run, scheme, names in zip(runs, *zip(*rank_correlation.OF_SCHEME.items(), strict=True), strict=True):
        curves = run.curves()
        for trial in range(TRIALS):
            last = curves[(curves["trial"] == trial) & (curves["epoch"] == 2)]
            for name in names:
                assert table[f"{scheme}: {name}"][trial] == pytest.approx(np.mean(last[name]))
                assert table[f"{scheme}: {name}_std"][trial] == pytest.approx(np.std(last[name], ddof=1))


def test_the_correlations_are_those_of_the_ranks(outcome: RankCorrelation) -> None:
    table, rho = outcome.configurations, outcome.correlations
    assert len(rho) == 7 * len(rank_correlation.HELD_OUT)
    for row in rho.to_dict("records"):
        ours, theirs = table[row["validation"]], table[row["held_out"]]
        if ours.nunique() > 1 and theirs.nunique() > 1:
            sign = -1 if "log_loss" in row["validation"] else 1
            expected = np.corrcoef(rankdata(sign * ours), rankdata(theirs))[0, 1]
            assert row["rho"] == pytest.approx(expected)
        else:
            assert np.isnan(row["rho"])


def test_it_is_written_with_its_look(runs: list[Run], outcome: RankCorrelation) -> None:
    folder = Path(runs[0].uri) / "rank_correlation"
    assert not (folder / "unfinished").exists()
    report.write_pictures([outcome], runs[0].folder.folder("rank_correlation"))
    assert runs[0].has_rank_correlation()
    (table,), (rho,), (picture,) = (
        folder.glob(names) for names in ("configurations-*.parquet", "correlations-*.parquet", "*.png")
    )
    pd.testing.assert_frame_equal(pd.read_parquet(table), outcome.configurations)
    pd.testing.assert_frame_equal(pd.read_parquet(rho), outcome.correlations)
    assert picture.read_bytes().startswith(b"\x89PNG")
    for run in runs:
        (access,) = Run(run.folder).manifest.test_set_accesses
        assert (access.purpose, access.files) == (f"rank correlation, {TRIALS} configurations", (FOUND,))


def test_it_is_shown(outcome: RankCorrelation) -> None:
    console = Console(file=io.StringIO(), width=250)
    report.show([outcome], console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert f"Spearman's rank correlation over {TRIALS} trials" in text
    for words in ("random: log-loss (sign turned)", "unseen-attacks: macro-F1 with unseen attacks"):
        assert words in text


def test_what_cannot_be_compared_is_said(runs: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    random, unseen = runs
    for once in ([random], [random, random]):
        with pytest.raises(UserError, match=r"name at least two searches, each once"):
            rank_correlation.shared(once)
    again = changed(unseen, "job", random.manifest.job.model_dump(mode="json"))
    with pytest.raises(UserError, match=r"each search must have a different scheme"):
        rank_correlation.shared([random, again])
    for key, value, words in (
        ("data.sha256", "other", r"trials can be compared on the same rows only"),
        ("job.training.epochs", 9, r"training\.epochs is 2 in random, but 9 in unseen-attacks"),
        (
            "job.folds.count",
            5,
            r"folds\.count is 2 in random, but 5 .* differ in folds\.scheme,",
        ),
    ):
        with pytest.raises(UserError, match=words):
            rank_correlation.shared([random, changed(unseen, key, value)])
    monkeypatch.setattr(rank_correlation, "LEAST", 9)
    with pytest.raises(UserError, match=rf"random, unseen-attacks share {TRIALS} trials .* needs at least 9"):
        rank_correlation.shared(runs)
