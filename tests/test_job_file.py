from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pandas as pd
from optuna.distributions import IntDistribution

from nids import job_file
from nids.dashboard.data.cache import DEMONSTRATION
from nids.results import Run
from nids.search.space import space_of
from nids.search_space import describe
from nids.storage import Folder
from tests.manifests import a_manifest

if TYPE_CHECKING:
    from pathlib import Path


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


def test_another_data_set_takes_the_place_of_what_is_said_of_the_files_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[data]\ndataset = "nsl-kdd"\nfile = "KDDTrain+"\nfallback = "nsl-kdd-sample"\nrows = 700\n')
    other = job_file.read(path, ["data.dataset=nsl-kdd-sample"]).data
    assert (other.dataset, other.file, other.fallback, other.rows) == ("nsl-kdd-sample", None, None, 700)
    named = job_file.read(path, ["data.dataset=nsl-kdd-sample", "data.file=KDDTest+"]).data
    assert (named.dataset, named.file) == ("nsl-kdd-sample", "KDDTest+")  # to be refused where rows are read
    for same in ([], ["data.dataset=nsl-kdd"], ['data.dataset="nsl-kdd"']):
        assert job_file.read(path, same).data.file == "KDDTrain+"


def test_the_fallback_has_none_of_the_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[data]\nfile = "KDDTrain+"\nfallback = "nsl-kdd-sample"\n')
    data = job_file.read(path).on_fallback().data
    assert (data.dataset, data.file, data.fallback) == ("nsl-kdd-sample", None, None)
