from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from rich.console import Console

from nids import datasets
from nids.errors import UserError
from nids.evaluation import repeats
from nids.evaluation.workspace import Workspace
from nids.results import Run
from nids.search import driver, prepare
from nids.seeding import derived_seed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.config import Job


@pytest.mark.usefixtures("cluster")
def test_the_best_trials_are_trained_again_on_other_folds(
    tmp_path: Path, make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    console = Console(file=io.StringIO(), width=200)
    job = make_job(training={"epochs": 1}, search={"trials": 4}, scheduler={"kind": "none"})
    traffic = datasets.load_for(job.data, job.search.seed)
    run = driver.run(prepare.prepare(job, traffic, str(tmp_path), "a-run", console.print), console)
    order = run.trials().sort_values("value")["trial"].tolist()

    workspace = Workspace(str(tmp_path), console)
    first = repeats.repeat(run, repeats.best(run, 2), 1, workspace)
    table = repeats.repeat(run, repeats.best(run, 2), 2, workspace)
    pd.testing.assert_frame_equal(table[:2], first)  # what is there is not trained again
    assert sorted(zip(table["trial"], table["repeat"], strict=True)) == sorted(
        (trial, number) for trial in order[:2] for number in (1, 2)
    )
    seeds = [derived_seed(job.search.seed, repeats.REPEAT + number) for number in (1, 2)]
    assert {*zip(table["repeat"], table["seed"], strict=True)} == {(1, seeds[0]), (2, seeds[1])}
    assert table["error"].isna().all()
    assert table["value"].tolist() == table["log_loss"].tolist()
    assert table["value"].nunique() == 4
    assert set(table["value"]).isdisjoint(run.trials()["value"])

    # As a search with that seed has it, whose first trial is at the same point.
    (row,) = run.arrow("trials", order[0]).to_pylist()
    point = {"dropout": row["params_dropout"], "learning_rate": row["params_learning_rate"]}
    search = {"trials": 1, "seed": seeds[0], "start_from_paper": False, "starting_points": [point]}
    alone = prepare.prepare(
        make_job(training={"epochs": 1}, search=search, scheduler={"kind": "none"}),
        traffic,
        str(tmp_path),
        "alone",
        console.print,
    )
    value = driver.run(alone, console).trials()["value"].item()
    assert table.loc[(table["trial"] == order[0]) & (table["repeat"] == 1), "value"].item() == pytest.approx(value)

    means = table.groupby("trial")["value"].mean()
    trials = Run(run.folder).trials().set_index("trial")
    assert trials["repeated_value"].dropna().to_dict() == means.to_dict()

    known: Any = table.iloc[0].to_dict()
    for trial in (98, 99):  # of another process
        repeats._add(run, {**known, "trial": trial})
    assert run.repeats()["trial"].tolist() == [*table["trial"], 98, 99]
    run.folder.delete_file("manifest.json")
    with pytest.raises(UserError, match="is no more: it was deleted or renamed while its trials were trained again"):
        repeats._add(run, known)
    run.folder.write("manifest.json", run.manifest.to_json())

    other = traffic.__class__(**{**vars(traffic), "sha256": "other"})
    monkeypatch.setattr("nids.datasets.load_for", lambda *_: other)
    with pytest.raises(UserError, match="a-run was searched on other rows than those at hand"):
        repeats.repeat(run, repeats.best(run, 3), 1, workspace)
