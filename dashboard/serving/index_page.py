"""The page that a browser loads first: Streamlit's own, told where its server is.

Streamlit's program in the browser otherwise guesses it from the path of the page. For each page that is opened by its
address, such as /overview, that costs two requests that fail, and an error in the browser's console for each.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit
from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = Path(streamlit.__file__).parent / "static"
# The pages of nids.dashboard.app.
PATHS = ("/", "/overview", "/trials", "/classes", "/held-out", "/compare", "/cluster", "/verdict")
# What Streamlit's program asks for. Relative to the page, so that a proxy may put a prefix before all paths.
SCRIPT = '<script>window.__streamlit = {BACKEND_BASE_URL: new URL(".", location.href).href}</script>'


class IndexPage:
    """Middleware that answers for the page; all other requests are passed on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._response = HTMLResponse(index_page(), headers={"cache-control": "no-cache"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI defines it."""
        is_page = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} and scope["path"] in PATHS
        await (self._response if is_page else self._app)(scope, receive, send)


def index_page() -> str:
    """Return the page as HTML."""
    return (FOLDER / "index.html").read_text("utf-8").replace("</head>", f"{SCRIPT}\n</head>", 1)
