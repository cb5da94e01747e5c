from __future__ import annotations

import json
import tomllib

import pandas as pd

from dashboard.data.cache import DEMONSTRATION
from nids import config
from nids.job_file import job_file
from nids.search.space import space_of


def test_the_best_configuration_is_a_job_that_a_search_takes() -> None:
    folder = DEMONSTRATION / "demonstration"
    manifest = json.loads((folder / "manifest.json").read_text())
    trial = pd.read_parquet(folder / "trials").query("state == 'COMPLETE'").to_dict("records")[0]
    job = config.make(tomllib.loads(job_file(manifest, trial)), "best.toml")
    assert job.name == f"demonstration-trial-{trial['trial']}"
    assert (job.search.trials, job.scheduler.kind, job.search.start_from_paper) == (1, "none", False)
    assert job.data.model_dump() == manifest["job"]["data"]
    assert job.hyperparameters == {
        **manifest["job"]["hyperparameters"],
        **{name: trial[f"params_{name}"] for name in manifest["space"] if name != "learning_rate"},
    }
    assert job.space["learning_rate"].choices == [trial["params_learning_rate"]]
    assert list(space_of(job)) == ["learning_rate"]


def test_rows_are_named_only_where_they_are_made() -> None:
    manifest = json.loads((DEMONSTRATION / "demonstration" / "manifest.json").read_text())
    trial = pd.read_parquet(DEMONSTRATION / "demonstration" / "trials").to_dict("records")[0]
    assert "rows" in tomllib.loads(job_file(manifest, trial))["data"]
    manifest["job"]["data"]["dataset"] = "nsl-kdd"
    manifest["data"]["synthetic"] = False
    assert "rows" not in tomllib.loads(job_file(manifest, trial))["data"]
