from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest

from nids import shipped_jobs
from nids.shipped_jobs import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

TINY = (
    *("--set", "data.dataset=nsl-kdd-sample", "--set", "data.rows=600", "--set", "folds.count=2"),
    *("--set", "folds.targets={R2L=30, U2R=20}", "--set", "search.trials=6", "--set", "resources.max_concurrent=1"),
    *("--set", "hyperparameters={layers=1, units=8, batch_size=64}"),
)


def test_schema_accepts_the_job_files_that_come_with_nids(nids: Callable[..., Outcome]) -> None:
    import tomllib

    schema = json.loads(nids("job", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    for name in shipped_jobs.names():
        jsonschema.validate(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")), schema)
    with pytest.raises(jsonschema.ValidationError, match="trails"):
        jsonschema.validate({"search": {"trails": 3}}, schema)


@pytest.mark.slow
def test_check_estimates_the_time(nids: Callable[..., Outcome]) -> None:
    content = json.loads(nids("job", "check", "quick", *TINY, "--json").stdout)
    estimate = content["estimate"]
    assert content["job"]["data"]["dataset"] == "nsl-kdd-sample"
    assert (content["data"]["rows"], content["trials_at_once"]) == (600, 1)
    assert 290 < estimate["validation_rows"] < 310
    assert estimate["training_rows"] > 600 - estimate["validation_rows"]
    assert estimate["rows_per_second"] > 0
    # One at a time, six of them.
    assert estimate["seconds"] == pytest.approx(6 * estimate["seconds_per_trial"])
    text = nids("job", "check", "quick", *TINY).stdout
    assert text.startswith("quick: valid. 6 trials of mlp on nsl-kdd-sample (synthetic, 600 rows, seed 0), 600 rows")
    assert "with 1 trial at once" in text


def test_check_says_what_is_wrong(nids: Callable[..., Outcome]) -> None:
    result = nids("job", "check", "quick", "--set", "search.trails=3")
    assert result.returncode == 2
    assert "search.trails = 3: there is no such key (did you mean trials?)" in result.stderr
