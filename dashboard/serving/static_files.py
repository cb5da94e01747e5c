"""Answers the browser's requests for the dashboard's program from memory.

A page takes some 140 files, small ones and large ones. Streamlit opens, reads and hands on each of them anew, which on
a small machine takes as much of the processor as what a page shows.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dashboard.serving.index_page import FOLDER, PATHS, index_page

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

# Below this folder, files have a hash of their content in their names: Streamlit too lets browsers keep them for ever.
HASHED = "static"
FOREVER, ANEW = b"public, immutable, max-age=31536000", b"no-cache"
TYPES = {".js": b"text/javascript; charset=utf-8", ".css": b"text/css; charset=utf-8", ".woff2": b"font/woff2"}


class StaticFiles:
    """Middleware that answers for Streamlit's scripts, styles and fonts and for the page that loads them.

    All other requests are passed on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._page = index_page()
        # Paths that are not letter by letter one of these are another's to judge.
        self._files = {
            f"/{file.relative_to(FOLDER).as_posix()}": file
            for file in (FOLDER / HASHED).rglob("*")
            if file.suffix in TYPES
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI defines it."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
        elif path in PATHS:
            await _answer(send, self._page, b"text/html; charset=utf-8", ANEW)
        elif file := self._files.get(path):
            await _answer(send, _content(file), TYPES[file.suffix], FOREVER)
        else:
            await self._app(scope, receive, send)


async def _answer(send: Send, content: bytes, kind: bytes, kept: bytes) -> None:
    # To HEAD, the server leaves the body away.
    length = str(len(content)).encode()
    headers = [(b"cache-control", kept), (b"content-type", kind), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@cache
def _content(file: Path) -> bytes:
    return file.read_bytes()
