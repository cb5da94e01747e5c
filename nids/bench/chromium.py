"""A Chromium that takes the time of what it does by the page's own clock.

What drives a browser for tests, such as Playwright, has it report each request meanwhile, which takes it time too.
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

    Raises:
        RuntimeError: It does not start.
    """
    # What is left of a profile that is thrown away is nobody's loss: a browser's helpers may end after it.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, tempfile.TemporaryFile() as said:
        options = ["--headless", "--no-sandbox", "--no-first-run", "--remote-debugging-port=0"]
        command = [program, *options, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stdout=said, stderr=said) as process:
            try:
                address = _address(process, Path(profile))
                if address is None:
                    said.seek(0)
                    raise RuntimeError(f"{program} did not start:\n{said.read().decode()[-2000:]}")
                with connect(address, max_size=None, proxy=None) as connection:
                    yield Page(connection)
            finally:
                process.kill()


class Page:
    """A page of a browser, spoken to by the Chrome DevTools Protocol: https://chromedevtools.github.io/devtools-protocol/."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)

    def open(self, address: str, seen: str) -> float:
        """Open an address, and return how many seconds later a condition holds there.

        Args:
            address: What to open.
            seen: An expression of JavaScript.

        Raises:
            RuntimeError: It cannot be opened, or the condition does not hold within ``SECONDS_TO_ANSWER``.
        """
        # As long as the page before is there, it may be true of that one.
        self._ask("Runtime.evaluate", expression="window.left = true")
        self._ask("Page.navigate", url=address)
        return self._seconds(f"await until(() => !window.left && ({seen})); return performance.now()")

    def act(self, action: str, seen: str) -> float:
        """Do something on the page, and return how many seconds later a condition holds.

        Args:
            action: A statement of JavaScript.
            seen: An expression of JavaScript.

        Raises:
            RuntimeError: It cannot be done, or the condition does not hold within ``SECONDS_TO_ANSWER``.
        """
        return self._seconds(
            f"const before = performance.now(); {action}; await until(() => {seen}); return performance.now() - before"
        )

    def _seconds(self, body: str) -> float:
        wait = f"new Promise((go) => setTimeout(go, {MILLISECONDS_BETWEEN_LOOKS}))"
        expression = f"(async () => {{ const until = async (seen) => {{ while (!seen()) await {wait} }}; {body} }})()"
        found = self._ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            thrown = found["exceptionDetails"]["exception"]
            raise RuntimeError(f"{body}: {thrown.get('description', thrown.get('value'))}")
        return float(found["result"]["value"]) / 1000

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        until = time.monotonic() + SECONDS_TO_ANSWER
        said: dict[str, Any] = {}
        while said.get("id") != number:
            try:
                said = json.loads(self._connection.recv(timeout=until - time.monotonic()))
            except TimeoutError:
                raise RuntimeError(f"{method} {parameters}: no answer within {SECONDS_TO_ANSWER} s.") from None
        found: dict[str, Any] = said.get("result", {})
        if fault := said.get("error", {}).get("message") or found.get("errorText"):
            raise RuntimeError(f"{method} {parameters}: {fault}")
        return found


def _address(process: subprocess.Popen[bytes], profile: Path) -> str | None:
    """Return where a browser's one page is to be spoken to, as soon as there is one; None if none comes."""
    told = profile / "DevToolsActivePort"
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.1)
        if told.exists() and (port := told.read_text().partition("\n")[0]):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=SECONDS_TO_START) as listed:
                pages = [page for page in json.load(listed) if page["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
    return None
