from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from scipy import stats

from nids import job_file
from nids.bench.short_searches import JOB, ShortSearches, best_after, mean_ratio
from nids.errors import UserError
from nids.results import RunWriter
from nids.storage import Folder
from tests.manifests import NO_TRIALS, OWNER, a_manifest

if TYPE_CHECKING:
    from pathlib import Path


def test_mean_ratio_is_geometric_with_an_interval_over_the_seeds() -> None:
    logarithms = [math.log(ratio) for ratio in (0.5, 1.0, 2.0, 4.0)]
    low, high = stats.t.interval(0.95, 3, loc=sum(logarithms) / 4, scale=stats.sem(logarithms))
    assert mean_ratio([0.5, 1.0, 2.0, 4.0]) == f"1.414 (95 %: {math.exp(low):.3f}–{math.exp(high):.3f}, 4 seeds)"
    assert mean_ratio([0.5]) == "0.500"


def test_best_after_is_of_the_first_trials() -> None:
    trials = pd.DataFrame({"trial": [2, 0, 1], "value": [0.1, 0.5, 0.3]})
    assert [best_after(trials, count) for count in (1, 2, 3)] == [0.5, 0.3, 0.1]


def test_what_has_ended_is_not_run_again_unless_it_was_another_job(tmp_path: Path) -> None:
    job = job_file.read(JOB, [])
    job = job.model_copy(update={"search": job.search.model_copy(update={"seed": 3})})
    writer = RunWriter(Folder.from_uri(str(tmp_path / "tpe-3")), a_manifest(job=job.model_dump()))
    writer.write_status("finished", NO_TRIALS, OWNER)
    searches = ShortSearches(str(tmp_path), print)
    assert searches.of_sampler("tpe", 3).name == "tpe-3"
    with pytest.raises(UserError, match=r"tpe-3 is a search of another job than the benchmark's now\. Name another"):
        searches.run("tpe-3", seed=4)
