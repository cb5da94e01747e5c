"""Two processes that take one run at the same moment, again and again: one goes on, the other writes no more."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nids.errors import LostRunError
from nids.results.ownership import Ownership, token_in
from nids.storage import Folder

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

ROUNDS, SECONDS = 100, 1.5
Outcome = tuple[list[float], bool]


def drive(number: int, uri: str, instead_of: str | None, together: Barrier) -> Outcome:
    """Take the run and write to it for a while; return when it wrote, and whether it still had the run at the end."""
    folder = Folder.from_uri(uri)
    together.wait()
    written: list[float] = []  # on the clock that all processes of a machine have in common
    try:
        own = Ownership(folder, instead_of)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with own.held():
                folder.write("table", str(number).encode())
                written.append(time.monotonic())
            time.sleep(0.02)
    except LostRunError:
        return written, False
    return written, True


@pytest.mark.parametrize("take_over", [False, True], ids=["resumed", "taken over"])
@pytest.mark.parametrize("where", ["local disk", "object store"])
def test_one_of_two_drivers_goes_on(
    where: str,
    take_over: bool,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2])  # where the processes find this module
    storage = str(tmp_path / "runs")
    if where == "object store":
        request.getfixturevalue("bucket")
        storage = "s3://bucket/runs"
    spawning = multiprocessing.get_context("spawn")  # no client of a store survives a fork
    with spawning.Manager() as manager, ProcessPoolExecutor(2, mp_context=spawning) as drivers:
        together = manager.Barrier(2)
        for number in range(ROUNDS):
            uri = f"{storage}/run-{number}"
            folder = Folder.from_uri(uri)
            Ownership(folder)
            instead_of = None if take_over else token_in(folder)
            outcomes = [*drivers.map(drive, range(2), [uri] * 2, [instead_of] * 2, [together] * 2)]
            (winner,) = [one for one, (_, kept) in enumerate(outcomes) if kept]
            ours, theirs = outcomes[winner][0], outcomes[1 - winner][0]
            assert max(theirs, default=0.0) < min(ours), "both wrote at one time"
            assert folder.read("table") == str(winner).encode()
