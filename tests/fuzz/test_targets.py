"""Each reader of others' files on its seeds, on what was found by fuzzing, and on seeded changes of the seeds."""

from __future__ import annotations

import faulthandler
import functools
import random
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.__main__ import SECONDS
from tests.fuzz.mutations import SEPARATOR, mutated
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    read(path.parent.name, path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_changes_are_read_or_told_in_words(name: str) -> None:
    chance = random.Random(name)
    seeds = TARGETS[name].seeds()
    for _ in range(SLOW.get(name, CHANGED)):
        content = with_change(chance.choice(seeds), chance)
        try:
            read(name, content)
        except (Exception, pytest.fail.Exception):
            print(content[:500], file=sys.stderr)
            raise


def test_a_hang_is_a_finding() -> None:
    def hang() -> None:
        while True:
            pass

    with pytest.raises(pytest.fail.Exception, match=r"has taken 0\.1 seconds"), limited(0.1):
        hang()


def read(name: str, content: bytes) -> None:
    """Give a target an input, which it is to come to an end with."""
    warm_up(name)
    with limited(SECONDS):
        TARGETS[name](content)


@functools.cache
def warm_up(name: str) -> None:
    """Have what a target imports imported, which can take longer than any input."""
    TARGETS[name].read(TARGETS[name].seeds()[0])


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Fail once the block has taken so much of this process's own time, whatever else the machine does.

    Waiting takes no such time, and code in C may not come back: those end the process, ten times as late.
    """

    def fail(*_: object) -> None:
        pytest.fail(f"reading has taken {seconds} seconds")

    former = signal.signal(signal.SIGPROF, fail)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    faulthandler.dump_traceback_later(10 * SECONDS, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)


def with_change(content: bytes, chance: random.Random) -> bytes:
    """Return an input with a change; of one file of several, its name stays."""
    name, separator, rest = content.partition(SEPARATOR)
    if separator and len(name) < 100:
        return name + separator + mutated(rest, chance)
    return mutated(content, chance)
