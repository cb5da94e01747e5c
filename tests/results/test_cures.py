from __future__ import annotations

import re
import shlex

import pytest

from nids.results.cures import cure
from nids.results.gaps import Gaps


@pytest.mark.parametrize(
    "sentence",
    [
        *map(
            cure, ["/a b/$(id); a b"] * 4, ["status.json", "final/evaluation.json", "baselines/folds.parquet", "curves"]
        ),
        *Gaps(trials=(1,)).in_words("/a b/$(id); a b"),
    ],
)
def test_a_shell_takes_the_name_of_a_run_in_a_proposed_command_as_one_word(sentence: str) -> None:
    commands = re.findall("`(nids [^`]*)`", sentence)
    assert commands
    for command in commands:
        words = shlex.split(command)
        assert (words[2], words[-2:]) == ("$(id); a b", ["--storage", "/a b"])
