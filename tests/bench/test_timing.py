from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nids import job_file
from nids.bench.against_plain_loop import SAME_QUALITY
from nids.bench.timing import SAME_WORK, output_of, search_command, spread


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param([2.5], "2.50 s", id="one round"),
        pytest.param([3.0, 1.0, 2.0], "2.00 s (1.00–3.00, 3 rounds)", id="three rounds"),
    ],
)
def test_repeated_measurements_are_told_by_their_median_and_range(values: list[float], text: str) -> None:
    assert spread(values, " s") == text


def test_a_command_that_fails_ends_the_benchmark_with_what_it_said() -> None:
    assert output_of([sys.executable, "-c", "print('a line')"]) == "a line\n"
    with pytest.raises(RuntimeError, match="no such thing"):
        output_of([sys.executable, "-c", "import sys; sys.exit('no such thing')"])


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in (SAME_WORK, SAME_QUALITY)])
def test_the_jobs_are_valid(path: Path) -> None:
    job = job_file.read(path, ["search.seed=7"])
    assert (job.search.seed, job.data.file, job.folds.count) == (7, "KDDTrain+_20Percent", 3)


def test_a_search_is_given_its_changes() -> None:
    command = search_command(Path("a.toml"), "there", "search.trials=4", "search.seed=1")
    assert command[1:] == [
        *("-m", "nids", "search", "a.toml", "--storage", "there", "--name", "bench"),
        *("--set", "search.trials=4", "--set", "search.seed=1"),
    ]
