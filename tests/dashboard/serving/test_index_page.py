from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.responses import PlainTextResponse
from streamlit.testing.v1 import AppTest

from nids.dashboard.components import selection
from nids.dashboard.serving.index_page import FOLDER, PATHS, SCRIPT, IndexPage, index_page
from nids.dashboard.serving.server import APP
from tests.dashboard.serving.asgi import messages

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


def answer(path: str, method: str = "GET", kind: str = "http") -> tuple[dict[bytes, bytes], bytes]:
    """The headers and the body that a request is answered with."""

    async def others(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("another")({**scope, "type": "http"}, receive, send)

    head, body = messages(IndexPage(others), {"type": kind, "method": method, "path": path})
    return dict(head["headers"]), body["body"]


def test_index_page_is_streamlits_own_with_one_script_more() -> None:
    page = index_page()
    assert page.count(SCRIPT) == 1
    assert page.index(SCRIPT) < page.index("</head>")
    assert page.replace(f"{SCRIPT}\n", "") == (FOLDER / "index.html").read_text("utf-8")


def test_streamlit_still_asks_for_what_the_script_says() -> None:
    """If this fails, Streamlit has changed: see whether pages opened by their address still log errors without it."""
    programs = "".join(file.read_text("utf-8") for file in FOLDER.glob("static/js/index.*.js"))
    assert "__streamlit" in programs
    assert "BACKEND_BASE_URL" in programs


def test_paths_are_those_of_the_pages() -> None:
    shown = AppTest.from_file(str(APP), default_timeout=60).run()
    pages = shown.session_state[selection.PAGES].values()
    assert (*(f"/{page.url_path}" for page in pages), "/verdict") == PATHS


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", PATHS)
def test_each_page_is_loaded_by_the_index_page(path: str, method: str) -> None:
    page = index_page().encode()
    headers = {
        b"cache-control": b"no-cache",
        b"content-length": str(len(page)).encode(),
        b"content-type": b"text/html; charset=utf-8",
    }
    assert answer(path, method) == (headers, page)


@pytest.mark.parametrize(
    ("path", "method", "kind"),
    [
        pytest.param("/overview/", "GET", "http", id="page-with-a-slash"),
        pytest.param("/nowhere", "GET", "http", id="no-page"),
        pytest.param("/static/js/a.js", "GET", "http", id="program"),
        pytest.param("/overview", "POST", "http", id="another-method"),
        pytest.param("/overview", "GET", "websocket", id="another-protocol"),
    ],
)
def test_other_requests_are_passed_on(path: str, method: str, kind: str) -> None:
    assert answer(path, method, kind)[1] == b"another"
