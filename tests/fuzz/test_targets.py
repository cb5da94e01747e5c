"""Each reader of others' files on its seeds, on what was found by fuzzing, and on seeded changes of the seeds."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.fuzz.mutations import SEPARATOR, mutated
from tests.fuzz.targets import TARGETS

FINDINGS = Path(__file__).parent / "findings"
CHANGED = 60  # inputs of each target; fuzzing itself is `make fuzz`
SLOW = {"report": 8, "report-page": 4}


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_sound_is_read(name: str) -> None:
    seeds = TARGETS[name].seeds()
    assert seeds
    for seed in seeds:
        TARGETS[name].read(seed)


@pytest.mark.parametrize("path", sorted(FINDINGS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once_is_found_no_more(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_changes_are_read_or_told_in_words(name: str) -> None:
    chance = random.Random(name)
    seeds = TARGETS[name].seeds()
    for _ in range(SLOW.get(name, CHANGED)):
        content = with_change(chance.choice(seeds), chance)
        try:
            TARGETS[name](content)
        except Exception:
            print(content[:500], file=sys.stderr)
            raise


def with_change(content: bytes, chance: random.Random) -> bytes:
    """Return an input with a change; of one file of several, its name stays."""
    name, separator, rest = content.partition(SEPARATOR)
    if separator and len(name) < 100:
        return name + separator + mutated(rest, chance)
    return mutated(content, chance)
