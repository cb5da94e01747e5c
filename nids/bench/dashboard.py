"""How fast the dashboard is with a large run, as a browser sees it, and how much memory its server takes."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import psutil

from nids.bench import large_run
from nids.bench.measuring import Row, spread
from nids.errors import UserError
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRIALS = 10_000
WARM = 1  # looks that are not counted
SECONDS_TO_START = 120
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PICTURE = "[data-testid=stVegaLiteChart] .marks"
DONE = "[data-testid=stApp][data-test-script-state=notRunning]"


def measure(rounds: int) -> list[Row]:
    """Write a run of ``TRIALS`` trials, serve it, and look at it.

    Args:
        rounds: Repetitions of each look.

    Raises:
        UserError: There is no browser, or no playwright to drive one.
    """
    program = browser()
    with tempfile.TemporaryDirectory() as storage:
        large_run.write(Folder.at(storage).folder("large"), TRIALS)
        with served(storage) as (address, process):
            seconds = _looks(program, address, rounds + WARM)
            memory = sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    title = f"dashboard, a run of {TRIALS:,} trials × {large_run.FOLDS} folds × {len(large_run.CLASSES)} classes"
    rows = [(title, "seconds until the server is done and a first picture, table or text of it stands")]
    rows += [(name, spread(times[WARM:], " s")) for name, times in seconds.items()]
    return [*rows, ("memory of the server", f"{memory / 1e6:.0f} MB")]


def browser() -> str:
    """Return the path of this machine's Chromium.

    Raises:
        UserError: There is none.
    """
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise UserError(f"no browser is installed here; one of these is needed: {', '.join(BROWSERS)}.")


@contextmanager
def served(storage: str, *options: str) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a storage on a free port for as long as a block runs; give the address and the server's process."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "nids.cli", "dashboard", "--storage", storage, "--port", str(port), *options]
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, stdout=said, stderr=said) as started:
        try:
            _wait_for(address, started, said)
            yield address, psutil.Process(started.pid)
        finally:
            started.terminate()
            started.wait(30)


def _wait_for(address: str, started: subprocess.Popen[bytes], said: Any) -> None:
    for _ in range(10 * SECONDS_TO_START):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if started.poll() is not None:
                break
            time.sleep(0.1)
    said.seek(0)
    raise RuntimeError(f"the dashboard did not start:\n{said.read().decode()[-2000:]}")


def _looks(program: str, address: str, rounds: int) -> dict[str, list[float]]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise UserError("playwright is missing: make .venv/.dev installs it, with the rest for development.") from None
    seconds: dict[str, list[float]] = {}
    overview, cluster = f"{address}/overview?run=large", f"{address}/cluster?run=large"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        known = started.new_context()
        for _ in range(rounds):
            page = started.new_page()
            look = _Look(page, seconds)
            link = page.get_by_test_id("stTopNavLink")
            button = page.locator("[data-testid=stButtonGroup] button")
            look.take("first picture, in a new browser", partial(page.goto, overview), PICTURE)
            look.take("to the trials", link.filter(has_text="Trials").click, "[data-testid=stDataFrame] canvas")
            failed = button.filter(has_text="failed").click
            look.take("a filter: the failed trials", failed, "text=200 of 10,000 trials")
            look.take("… all of them again", failed, "text=10,000 of 10,000 trials")
            hyperparameters = button.filter(has_text="hyperparameters").click
            look.take("to importances, parallel coordinates and slices", hyperparameters, PICTURE)
            look.take("to the classes", link.filter(has_text="Classes").click, "text=Confusion matrix in")
            look.take("to the overview", link.filter(has_text="Overview").click, "text=Is it really better?")
            page.close()
            page = known.new_page()
            look = _Look(page, seconds)
            look.take("first picture, in a browser that knows the program", partial(page.goto, overview), PICTURE)
            look.take(
                "a page of text alone, in that",
                partial(page.goto, cluster),
                "text=The machine that the search began on",
            )
            page.close()
        started.close()
    return seconds


class _Look:
    """Takes the time of what is done on a page until something is to be seen there and the server has done its work."""

    def __init__(self, page: Any, seconds: dict[str, list[float]]) -> None:
        self._page = page
        self._seconds = seconds

    def take(self, name: str, act: Callable[[], object], what: str) -> None:
        before = time.perf_counter()
        act()
        self._page.locator(what).first.wait_for()
        self._page.locator(DONE).wait_for()
        self._seconds.setdefault(name, []).append(time.perf_counter() - before)
