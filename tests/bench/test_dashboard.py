from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from nids.bench import dashboard
from nids.bench.dashboard import browser, seconds_until
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

# A page that becomes ready after a while, and again after a click.
PAGE = """<title>a page</title><div data-testid=stApp data-test-script-state=notRunning></div>
<button onclick="window.ready = false; setTimeout(() => window.ready = true, 300)">again</button>
<script>setTimeout(() => window.ready = true, 400)</script>"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with dashboard._new_browser(browser()) as opened:
        yield opened


@pytest.fixture
def address(tmp_path: Path) -> str:
    (tmp_path / "page.html").write_text(PAGE)
    return (tmp_path / "page.html").as_uri()


@pytest.mark.slow
def test_seconds_until_counts_from_the_page_or_from_the_action(page: Page, address: str) -> None:
    page.goto(address, wait_until="commit")
    assert seconds_until(page, "window.ready") >= 0.4
    assert seconds_until(page, "window.ready", "document.querySelector('button').click()") >= 0.3


def test_seconds_until_waits_for_the_server(page: Page, address: str) -> None:
    page.goto(address, wait_until="commit")
    busy = "document.querySelector('div').setAttribute('data-test-script-state', 'running')"
    done = "document.querySelector('div').setAttribute('data-test-script-state', 'notRunning')"
    assert seconds_until(page, "true", f"{busy}; setTimeout(() => {done}, 300)") >= 0.3


def test_seconds_until_shows_what_went_wrong_on_the_page(page: Page, address: str) -> None:
    from playwright.sync_api import Error

    page.goto(address)
    with pytest.raises(Error, match="Cannot read properties of null"):
        seconds_until(page, "window.ready", "document.querySelector('form').click()")


def test_new_browser_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(UserError, match="pip install playwright"), dashboard._new_browser("chromium"):
        pass


def test_browser_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "BROWSERS", ("no-such-browser",))
    with pytest.raises(UserError, match="Install one of these: no-such-browser"):
        browser()
