"""How fast the dashboard is with a large run, in a browser, and how much memory and processor time its server takes."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import psutil

from nids.bench import synthetic_run
from nids.bench.processes import child
from nids.bench.timing import Row, spread
from nids.errors import UserError
from nids.storage import Folder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from playwright.sync_api import Page

TRIALS = 10_000
# Before each step: a new Chromium first loads some 200 files of its own, on all processors.
SECONDS_AT_REST = 3
SECONDS_TO_START = 120
SECONDS_TO_ANSWER = 120
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PICTURE = "[data-testid=stVegaLiteChart] .marks"
DONE = "[data-testid=stApp][data-test-script-state=notRunning]"
LINK, BUTTON = "[data-testid=stTopNavLink]", "[data-testid=stButtonGroup] button"


def measure(rounds: int) -> list[Row]:
    """Write a run of ``TRIALS`` trials, serve it, and walk through its pages in a browser.

    Args:
        rounds: Repetitions of the walk.

    Raises:
        UserError: There is no browser, or no Playwright.
    """
    program = browser()
    with tempfile.TemporaryDirectory() as storage:
        synthetic_run.write(Folder.from_uri(storage).folder("large"), TRIALS)
        with served(storage) as (address, process):
            _walk(program, address)  # fills the server's caches
            before = _processor_seconds(process)
            walks = [_walk(program, address) for _ in range(rounds)]
            processor = (_processor_seconds(process) - before) / rounds
            memory = sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    title = (
        f"dashboard, a run of {TRIALS:,} trials × {synthetic_run.FOLDS} folds × {len(synthetic_run.CLASSES)} classes"
    )
    return [
        (title, "seconds until the server is done and the first chart, table or text is visible"),
        *((name, spread([seconds[name] for seconds in walks], " s")) for name in walks[0]),
        ("processor time of the server, all of these", f"{processor:.2f} s"),
        ("memory of the server", f"{memory / 1e6:.0f} MB"),
    ]


def browser() -> str:
    """Return the path of this machine's Chromium.

    Raises:
        UserError: There is none.
    """
    for name in BROWSERS:
        if program := shutil.which(name):
            return program
    raise UserError(f"No browser found. Install one of these: {', '.join(BROWSERS)}.")


@contextmanager
def served(storage: str, *options: str) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a storage on a free port for as long as a block runs; give the address and the server's process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "nids", "dashboard", "--storage", storage, "--port", str(port), *options]
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as output, child(command, stdout=output, stderr=output) as started:
        _wait_for(address, started, output)
        yield address, psutil.Process(started.pid)


def _wait_for(address: str, started: subprocess.Popen[bytes], output: IO[bytes]) -> None:
    for _ in range(10 * SECONDS_TO_START):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if started.poll() is not None:
                break
            time.sleep(0.1)
    output.seek(0)
    raise RuntimeError(f"the dashboard did not start:\n{output.read().decode()[-2000:]}")


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _new_browser(program: str) -> Iterator[Page]:
    """Give a page of a browser that has loaded nothing yet, for as long as a block runs."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise UserError("This benchmark needs Playwright: pip install playwright.") from None
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = started.new_page()
        page.set_default_timeout(1000 * SECONDS_TO_ANSWER)
        yield page
        started.close()


def _walk(program: str, address: str) -> dict[str, float]:
    """Return each step of a walk through the pages in a new browser → the seconds that it took."""
    seconds: dict[str, float] = {}
    overview, cluster = f"{address}/overview?run=large", f"{address}/cluster?run=large"
    with _new_browser(program) as page:

        def open_page(name: str, url: str, visible: str) -> None:
            time.sleep(SECONDS_AT_REST)
            page.goto(url, wait_until="commit")
            seconds[name] = seconds_until(page, visible)

        def click(name: str, selector: str, words: str, visible: str) -> None:
            time.sleep(SECONDS_AT_REST)
            seconds[name] = seconds_until(page, visible, _click(selector, words))

        open_page("first chart, in a new browser", overview, _element(PICTURE))
        click("to the trials", LINK, "Trials", _element("[data-testid=stDataFrame] canvas"))
        click("a filter: the failed trials", BUTTON, "failed", _text("200 of 10,000 trials"))
        click("… all of them again", BUTTON, "failed", _text("10,000 of 10,000 trials"))
        click("to importances, parallel coordinates and slices", BUTTON, "hyperparameters", _element(PICTURE))
        click("to the classes", LINK, "Classes", _text("Confusion matrix"))
        click("to the overview", LINK, "Overview", _text("Is it really better?"))
        open_page("first chart, in a browser that knows the program", overview, _element(PICTURE))
        open_page("a page of text only, in that browser", cluster, _text("At the start of the search"))
    return seconds


def seconds_until(page: Page, visible: str, action: str | None = None) -> float:
    """Return the seconds until something is visible and the server is done, by the page's own clock.

    Args:
        page: The page.
        visible: An expression of JavaScript that holds then.
        action: A statement of JavaScript that starts the clock; None counts from the start of the page's loading.
    """
    started = f"performance.now(); {action}" if action else "0"
    milliseconds = page.evaluate(
        f"""async () => {{
            const started = {started};
            while (!({visible} && {_element(DONE)})) await new Promise((resolve) => setTimeout(resolve, 10));
            return performance.now() - started;
        }}"""
    )
    return float(milliseconds) / 1000


def _element(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


def _text(words: str) -> str:
    path = f"//text()[contains(., '{words}')]"
    return f"document.evaluate({json.dumps(path)}, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue"


def _click(selector: str, words: str) -> str:
    elements = f"[...document.querySelectorAll({json.dumps(selector)})]"
    return f"{elements}.find((element) => element.textContent.includes({json.dumps(words)})).click()"
