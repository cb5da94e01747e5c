"""A Chromium that takes the time of what it does by its own clock, while nothing looks on.

What drives a browser for tests, such as Playwright, has it report each request and each node. That takes as much of two
processors as it takes the browser to show a page, and would be measured with it.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

SECONDS_TO_START = 60
SECONDS_TO_ANSWER = 120
MILLISECONDS_BETWEEN_LOOKS = 10


@contextmanager
def started(program: str) -> Iterator[Page]:
    """Start a Chromium without a window, that knows no page yet, for as long as a block runs; give its one page.

    Args:
        program: The path of Chromium.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless", "--no-sandbox", "--no-first-run", "--remote-debugging-port=0"]
        command = [program, *options, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                with connect(_address(process, Path(profile)), max_size=None) as connection:
                    yield Page(connection)
            finally:
                process.terminate()
                process.wait(30)


class Page:
    """A page of a browser, spoken to by the Chrome DevTools Protocol: https://chromedevtools.github.io/devtools-protocol/."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)

    def open(self, address: str, seen: str) -> float:
        """Open an address, and return after how many seconds a condition holds.

        Args:
            address: What to open.
            seen: An expression of JavaScript.
        """
        self._ask("Page.navigate", url=address)
        return self._seconds(f"await until(() => {seen}); return performance.now()")

    def act(self, action: str, seen: str) -> float:
        """Do something on the page, and return after how many seconds a condition holds.

        Args:
            action: A statement of JavaScript.
            seen: An expression of JavaScript.
        """
        return self._seconds(
            f"const before = performance.now(); {action}; await until(() => {seen}); return performance.now() - before"
        )

    def _seconds(self, body: str) -> float:
        wait = f"new Promise((go) => setTimeout(go, {MILLISECONDS_BETWEEN_LOOKS}))"
        expression = f"(async () => {{ const until = async (seen) => {{ while (!seen()) await {wait} }}; {body} }})()"
        found = self._ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{body}: {found['exceptionDetails']['exception']['description']}")
        return float(found["result"]["value"]) / 1000

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        until = time.monotonic() + SECONDS_TO_ANSWER
        while True:
            # Between the answers stand events, of which there are few: none has been asked for.
            said = json.loads(self._connection.recv(timeout=until - time.monotonic()))
            if said.get("id") != number:
                continue
            found: dict[str, Any] = said.get("result", {})
            if fault := said.get("error", {}).get("message") or found.get("errorText"):
                raise RuntimeError(f"{method} {parameters}: {fault}")
            return found


def _address(process: subprocess.Popen[bytes], profile: Path) -> str:
    """Return where a browser's one page is to be spoken to, as soon as there is one."""
    told = profile / "DevToolsActivePort"
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.1)
        if told.exists() and (port := told.read_text().partition("\n")[0]):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=SECONDS_TO_START) as listed:
                pages = [page for page in json.load(listed) if page["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
    raise RuntimeError("the browser did not start.")
