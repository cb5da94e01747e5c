from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from nids.cli.output import print_json
from nids.dashboard.data.cache import DEMONSTRATION
from nids.report.as_json import content
from nids.results import open_run, ranking

if TYPE_CHECKING:
    from nids.results import Run


@pytest.fixture(scope="module")
def run() -> Run:
    return open_run(str(DEMONSTRATION), "demonstration")


def test_content_has_the_figures_of_the_report(run: Run) -> None:
    values = content(run)
    best = ranking.best(run.trials(), run.direction)
    assert best is not None
    assert (values["run"], values["state"], values["metric"]) == ("demonstration", "finished", "log_loss")
    assert (values["objectives"], values["constraints"]) == (["log_loss"], [])
    assert (values["front"], values["hypervolume"]) == (None, None)
    assert values["best"]["trial"] == best["trial"]
    assert values["best"]["value"] == best["value"]
    assert values["best"]["metrics"]["accuracy"]["mean"] == best["accuracy"]
    assert values["best"]["hyperparameters"]["learning_rate"] == best["params_learning_rate"]
    classes = run.classes().query(f"trial == {best['trial']}").groupby("class")["recall"].mean()
    assert {name: row["recall_mean"] for name, row in values["best"]["classes"].items()} == pytest.approx(
        classes.to_dict()
    )
    final = run.final_evaluation()
    assert final is not None
    assert values["detector"]["trial"] == final.trial
    (file,) = values["detector"]["held_out"].values()
    assert file["figures"]["accuracy"] == next(iter(final.held_out.values())).figures["accuracy"]
    assert len(values["held_out_accesses"]) == len(run.manifest.test_set_accesses)


def test_content_can_be_written_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    print_json(content(run))
    assert json.loads(capsys.readouterr().out)["run"] == "demonstration"
