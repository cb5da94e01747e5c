from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nids.bench import chromium
from nids.bench.dashboard import browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nids.bench.chromium import Page

# A page that becomes ready after a while, and again after a click.
PAGE = """<title>a page</title>
<button onclick="window.ready = false; setTimeout(() => window.ready = true, 300)">again</button>
<script>setTimeout(() => window.ready = true, 400)</script>"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium.started(browser()) as opened:
        yield opened


@pytest.fixture
def address(tmp_path: Path) -> str:
    (tmp_path / "page.html").write_text(PAGE)
    return (tmp_path / "page.html").as_uri()


def test_the_time_is_that_until_something_is_seen(page: Page, address: str) -> None:
    assert page.open(address, "window.ready") >= 0.4
    assert page.act("document.querySelector('button').click()", "window.ready") >= 0.3


def test_what_was_seen_on_the_page_before_does_not_count(page: Page, address: str) -> None:
    for _ in range(2):
        page.open(address, "window.ready")
        page.act("window.marked = true", "window.ready")
    assert page.open(address, "!window.marked && window.ready") >= 0.4


def test_what_cannot_be_done_is_said(page: Page, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page.open(address, "window.ready")
    with pytest.raises(RuntimeError, match="no form"):
        page.act("throw 'no form'", "window.ready")
    with pytest.raises(RuntimeError, match="Cannot read properties of null"):
        page.act("document.querySelector('form').click()", "window.ready")
    with pytest.raises(RuntimeError, match="ERR_FILE_NOT_FOUND"):
        page.open(f"{address}.gone", "window.ready")
    monkeypatch.setattr(chromium, "SECONDS_TO_ANSWER", 1)
    with pytest.raises(RuntimeError, match=r"window\.never.*no answer within 1 s"):
        page.open(address, "window.never")


def test_a_program_that_is_no_browser_is_named_with_what_it_said() -> None:
    with pytest.raises(RuntimeError, match=r"cat did not start:\n.*--headless"), chromium.started("/bin/cat"):
        pass
