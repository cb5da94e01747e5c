"""Answers the browser's requests for Streamlit's own program from memory.

A page takes some 140 files, small ones and large ones. Streamlit opens, reads and hands on each of them anew, which on
a small machine takes as much of the processor as what a page shows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = Path(streamlit.__file__).parent / "static"
# Below this folder, files have a hash of their content in their names: Streamlit too lets browsers keep them for ever.
HASHED = "static"
FOREVER = (b"cache-control", b"public, immutable, max-age=31536000")
TYPES = {".js": b"text/javascript; charset=utf-8", ".css": b"text/css; charset=utf-8", ".woff2": b"font/woff2"}


class StaticFiles:
    """Middleware that answers for Streamlit's scripts, styles and fonts, and passes on all other requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # Paths that are not letter by letter one of these are another's to judge.
        self._files = {
            f"/{file.relative_to(FOLDER).as_posix()}": file
            for file in (FOLDER / HASHED).rglob("*")
            if file.suffix in TYPES
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI defines it."""
        file = self._files.get(scope.get("path", ""))
        if scope["type"] != "http" or scope["method"] != "GET" or file is None:
            await self._app(scope, receive, send)
            return
        content = _content(file)
        length = (b"content-length", str(len(content)).encode())
        headers = [FOREVER, (b"content-type", TYPES[file.suffix]), length]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


@cache
def _content(file: Path) -> bytes:
    return file.read_bytes()
