from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from optuna.distributions import IntDistribution

from nids import job_file
from nids.dashboard.data.cache import DEMONSTRATION
from nids.errors import UserError
from nids.results import Run
from nids.search.space import space_of
from nids.search_space import describe
from nids.storage import Folder
from tests.manifests import a_manifest

if TYPE_CHECKING:
    from pathlib import Path


def test_the_best_configuration_is_a_job_that_a_search_takes(tmp_path: Path) -> None:
    folder = DEMONSTRATION / "demonstration"
    manifest = Run(Folder.from_uri(str(folder))).manifest
    trial = pd.read_parquet(folder / "trials").query("state == 'COMPLETE'").to_dict("records")[0]
    (tmp_path / "best.toml").write_text(job_file.for_trial(manifest, trial))
    job = job_file.read(tmp_path / "best.toml")
    assert job.name == f"demonstration-trial-{trial['trial']}"
    assert (job.search.trials, job.scheduler.kind, job.search.start_from_paper) == (1, "none", False)
    assert (job.data.dataset, job.data.rows) == (manifest.job.data.dataset, manifest.job.data.rows)
    assert job.hyperparameters == {
        **manifest.job.hyperparameters,
        **{name: trial[f"params_{name}"] for name in manifest.space if name != "learning_rate"},
    }
    assert job.space["learning_rate"].choices == [trial["params_learning_rate"]]
    assert list(space_of(job)) == ["learning_rate"]


def test_the_best_configuration_has_no_key_without_effect(tmp_path: Path) -> None:
    """As a run's job may have, where an override took a key of the job file its effect."""
    manifest = a_manifest(
        job={"search": {"sampler": "random", "startup_trials": 40}, "folds": {"resampling": "none", "k_neighbors": 3}},
        space=describe({"gru_units": IntDistribution(4, 64)}),
    )
    (tmp_path / "best.toml").write_text(job_file.for_trial(manifest, {"trial": 0, "params_gru_units": 8}))
    job = job_file.read(tmp_path / "best.toml")
    assert (job.search.sampler, job.search.startup_trials) == ("random", 10)
    assert (job.folds.resampling, job.folds.k_neighbors) == ("none", 5)


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
    with pytest.raises(UserError, match=r"data\.file has no effect: nsl-kdd-sample is generated and reads no file"):
        job_file.read(path, ["data.dataset=nsl-kdd-sample", "data.file=KDDTest+"])
    for same in ([], ["data.dataset=nsl-kdd"], ['data.dataset="nsl-kdd"']):
        assert job_file.read(path, same).data.file == "KDDTrain+"
    path.write_text('[data]\nfile = "KDDTrain+"\n')  # of the default data set
    assert job_file.read(path, ["data.dataset=nsl-kdd"]).data.file == "KDDTrain+"


def test_the_fallback_has_none_of_the_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[data]\nfile = "KDDTrain+"\nfallback = "nsl-kdd-sample"\n')
    data = job_file.read(path).on_fallback().data
    assert (data.dataset, data.file, data.fallback) == ("nsl-kdd-sample", None, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("#" * 70_000, "70,000 bytes, where a file of at most 65,536", id="size"),
        pytest.param(".".join("a" * 20_000) + " = 1", "a key has more than 32 parts", id="parts of a key"),
        pytest.param("a = " + "[" * 20_000, "its values are nested too deep", id="depth"),
    ],
)
def test_a_job_file_that_is_meant_to_do_harm_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a-job.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=f"a-job.toml: not valid TOML: {words}"):
        job_file.read(path)


def test_of_many_faults_the_first_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a-job.toml"
    path.write_text("".join(f"key{i} = 1\n" for i in range(500)), encoding="utf-8")
    with pytest.raises(UserError) as raised:
        job_file.read(path)
    lines = str(raised.value).splitlines()
    assert (len(lines), lines[-1]) == (22, "  and 480 more faults")
