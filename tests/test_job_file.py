from __future__ import annotations

import tomllib

import pandas as pd
from optuna.distributions import IntDistribution

from dashboard.data.cache import DEMONSTRATION
from nids import job_file
from nids.results import Run
from nids.search.space import space_of
from nids.search_space import describe
from nids.storage import Folder
from tests.manifests import a_manifest


def test_the_best_configuration_is_a_job_that_a_search_takes() -> None:
    folder = DEMONSTRATION / "demonstration"
    manifest = Run(Folder.from_uri(str(folder))).manifest
    trial = pd.read_parquet(folder / "trials").query("state == 'COMPLETE'").to_dict("records")[0]
    job = job_file.make(tomllib.loads(job_file.for_trial(manifest, trial)), "best.toml")
    assert job.name == f"demonstration-trial-{trial['trial']}"
    assert (job.search.trials, job.scheduler.kind, job.search.start_from_paper) == (1, "none", False)
    assert job.data == manifest.job.data
    assert job.hyperparameters == {
        **manifest.job.hyperparameters,
        **{name: trial[f"params_{name}"] for name in manifest.space if name != "learning_rate"},
    }
    assert job.space["learning_rate"].choices == [trial["params_learning_rate"]]
    assert list(space_of(job)) == ["learning_rate"]


def test_rows_are_named_only_where_they_are_made() -> None:
    for synthetic in (True, False):
        manifest = a_manifest(data={"synthetic": synthetic}, space=describe({"gru_units": IntDistribution(4, 64)}))
        job = tomllib.loads(job_file.for_trial(manifest, {"trial": 0, "params_gru_units": 8}))
        assert ("rows" in job["data"]) == synthetic
