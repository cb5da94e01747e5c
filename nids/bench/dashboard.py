"""How fast the dashboard is with a large run, as a browser sees it, and how much memory its server takes."""

from __future__ import annotations

import json
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

from nids.bench import chromium, synthetic_run
from nids.bench.timing import Row, spread
from nids.errors import UserError
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRIALS = 10_000
# Before each look. A new Chromium first loads some 200 files of its own, on all processors. And nobody leaves a page at
# the moment at which it is drawn: the next page's programs are loaded by then, see dashboard.serving.index_page.
SECONDS_AT_REST = 3
SECONDS_TO_START = 120
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PICTURE = "[data-testid=stVegaLiteChart] .marks"
DONE = "[data-testid=stApp][data-test-script-state=notRunning]"
LINK, BUTTON = "[data-testid=stTopNavLink]", "[data-testid=stButtonGroup] button"


def measure(rounds: int) -> list[Row]:
    """Write a run of ``TRIALS`` trials, serve it, and look at it.

    Args:
        rounds: Repetitions of each look.

    Raises:
        UserError: There is no browser.
    """
    program = browser()
    with tempfile.TemporaryDirectory() as storage:
        synthetic_run.write(Folder.from_uri(storage).folder("large"), TRIALS)
        with served(storage) as (address, process):
            _looks(program, address)  # fills the server's caches
            looks = [_looks(program, address) for _ in range(rounds)]
            memory = sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    title = (
        f"dashboard, a run of {TRIALS:,} trials × {synthetic_run.FOLDS} folds × {len(synthetic_run.CLASSES)} classes"
    )
    rows = [(title, "seconds until the server is done and a first picture, table or text of it stands")]
    rows += [(name, spread([seconds[name] for seconds in looks], " s")) for name in looks[0]]
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


def _looks(program: str, address: str) -> dict[str, float]:
    """Return what was done in a new browser → the seconds that it took."""
    seconds: dict[str, float] = {}
    overview, cluster = f"{address}/overview?run=large", f"{address}/cluster?run=large"

    def take(name: str, act: Callable[[str], float], what: str) -> None:
        time.sleep(SECONDS_AT_REST)
        seconds[name] = act(f"{what} && {_element(DONE)}")

    with chromium.started(program) as page:
        see_overview, see_cluster = partial(page.open, overview), partial(page.open, cluster)

        def click(selector: str, words: str) -> Callable[[str], float]:
            return partial(page.act, _click(selector, words))

        take("first picture, in a new browser", see_overview, _element(PICTURE))
        take("to the trials", click(LINK, "Trials"), _element("[data-testid=stDataFrame] canvas"))
        take("a filter: the failed trials", click(BUTTON, "failed"), _text("200 of 10,000 trials"))
        take("… all of them again", click(BUTTON, "failed"), _text("10,000 of 10,000 trials"))
        view = "to importances, parallel coordinates and slices"
        take(view, click(BUTTON, "hyperparameters"), _element(PICTURE))
        take("to the classes", click(LINK, "Classes"), _text("Confusion matrix in"))
        take("to the overview", click(LINK, "Overview"), _text("Is it really better?"))
        take("first picture, in a browser that knows the program", see_overview, _element(PICTURE))
        take("a page of text alone, in that", see_cluster, _text("The machine that the search began on"))
    return seconds


def _element(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


def _text(words: str) -> str:
    path = f"//text()[contains(., '{words}')]"
    return f"document.evaluate({json.dumps(path)}, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue"


def _click(selector: str, words: str) -> str:
    found = f"[...document.querySelectorAll({json.dumps(selector)})]"
    return f"{found}.find((element) => element.textContent.includes({json.dumps(words)})).click()"
