from __future__ import annotations

import functools
import json
import shutil
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from playwright.sync_api import expect, sync_playwright
from streamlit.components.v2 import manifest_scanner

from nids.bench import synthetic_run
from nids.bench.dashboard import DONE, browser
from nids.dashboard.serving.settings import STORAGE
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
    from streamlit.testing.v1 import AppTest

TRIALS = 30
# On a busy machine, the browser may wait long for the programs of tables and charts.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session", autouse=True)
def packages_are_scanned_once() -> Iterator[None]:
    """Streamlit looks through all installed packages for components of theirs each time that a test shows a page."""
    scanned_once = functools.cache(manifest_scanner.scan_component_manifests)
    with patch.object(manifest_scanner, "scan_component_manifests", scanned_once):
        yield


@pytest.fixture(scope="session")
def large_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of 30 trials, for tests to copy."""
    folder = tmp_path_factory.mktemp("large")
    synthetic_run.write(Folder.from_uri(str(folder)), TRIALS)
    return folder


@pytest.fixture
def storage(large_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A storage with a run named "large" of 30 trials, as the one that the server was started for."""
    folder = tmp_path / "runs"
    shutil.copytree(large_run, folder / "large")
    monkeypatch.setenv(STORAGE, str(folder))
    return folder


def change(file: Path, **entries: Any) -> None:
    """Change a JSON file's entries; one of None is taken away."""
    content = json.loads(file.read_text()) | entries
    file.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


@pytest.fixture
def page() -> Callable[..., AppTest]:
    """Return a shower of pages: their module's name, and what the address says."""
    from streamlit.testing.v1 import AppTest

    def shown(name: str, **address: str | list[str]) -> AppTest:
        def script(name: str) -> None:
            import importlib

            importlib.import_module(f"nids.dashboard.views.{name}").show()

        test = AppTest.from_function(script, kwargs={"name": name}, default_timeout=60)
        for key, value in address.items():
            test.query_params[key] = value
        return test.run()

    return shown


def words(test: AppTest) -> str:
    """All texts of a page."""
    kinds = ("subheader", "markdown", "caption", "info", "warning", "error")
    return "\n".join(element.value for kind in kinds for element in getattr(test, kind))


def sound(test: AppTest) -> bool:
    """Whether a page is shown whole: no traceback, and nothing that would have ended in one."""
    return not test.exception and "This cannot be shown" not in words(test)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser's memory: what one page has loaded and compiled, the next one finds there."""
    opened = chromium.new_context(
        viewport={"width": 1280, "height": 800}, accept_downloads=True, reduced_motion="reduce"
    )
    yield opened
    opened.close()


@pytest.fixture
def tab(context: BrowserContext) -> Iterator[Page]:
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


def faults_of(tab: Page) -> list[str]:
    """Errors in the page's console, as they come."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.append(f"{message.text} {message.location['url']}")

    tab.on("console", note)
    tab.on("pageerror", lambda error: found.append(str(error)))
    tab.on("requestfailed", lambda request: found.append(f"cannot reach {request.url}"))
    return found


def open_page(tab: Page, address: str) -> None:
    tab.goto(address)
    # Before the server is heard of, nothing runs either.
    tab.locator("[data-testid=stMain] [data-testid=stElementContainer]").first.wait_for(state="attached")
    tab.locator(DONE).wait_for()
