"""Answers the browser's requests for Streamlit's own program from memory.

A page takes some 140 files, small ones and large ones. Streamlit opens, reads and hands on each of them anew, which on
a small machine takes as much of the processor as what a page shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = Path(streamlit.__file__).parent / "static"
# The files below this folder have a hash of their content in their names, as Streamlit's own headers for them say too.
PREFIX = "/static/"
FOREVER = (b"cache-control", b"public, immutable, max-age=31536000")
TYPES = {".js": b"text/javascript; charset=utf-8", ".css": b"text/css; charset=utf-8", ".woff2": b"font/woff2"}


class StaticFiles:
    """Middleware that answers for the files below ``PREFIX``, and passes on all other requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._files: dict[str, tuple[list[tuple[bytes, bytes]], bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI defines it."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] != "GET" or not path.startswith(PREFIX) or not self._has(path):
            await self._app(scope, receive, send)
            return
        headers, content = self._files[path]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _has(self, path: str) -> bool:
        if path not in self._files:
            file = (FOLDER / path.removeprefix("/")).resolve()
            if file.suffix not in TYPES or not file.is_relative_to(FOLDER.resolve()) or not file.is_file():
                return False
            content = file.read_bytes()
            length = (b"content-length", str(len(content)).encode())
            self._files[path] = ([FOREVER, (b"content-type", TYPES[file.suffix]), length], content)
        return True
