"""What any visitor can ask of the server, logged in or not, and what browsers are told that they may do with its pages.

Streamlit's own routes come before a login: only those that the dashboard needs are answered.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

READING = {"GET", "HEAD", "OPTIONS"}
# Of Streamlit's own routes: whether it is there, how its program in the browser is set up, and the pages themselves.
# Refused are its files of visitors, its metrics, its agents, and whatever comes with a later version.
ANSWERED = {"health", "host-config", "stream"}
# Pages that one address may have open at once: each has a session of its own in the server's memory, logged in or not.
# Behind a proxy that does not tell its visitors' addresses, all of them have its own.
MOST_PAGES = 100
_OWN_ROUTE = re.compile(r"/_stcore/(?P<name>.*)", re.DOTALL)
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Hardening:
    """Middleware that refuses requests which no page makes, and adds headers to every answer.

    Args:
        app: What answers all other requests.
        page: The page that a browser loads first, whose scripts may run.
        https: Whether visitors come by https alone, so that no cookie goes in clear. Otherwise, cookies of each answer
            are protected if its request came so, as the server or a proxy on this machine tells.
    """

    def __init__(self, app: ASGIApp, page: str, *, https: bool = False) -> None:
        self._app = app
        self._https = https
        self._open: Counter[str] = Counter()  # pages by address
        self._headers = {
            "content-security-policy": content_security_policy(page),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "x-frame-options": "DENY",  # to browsers that do not know frame-ancestors
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI defines it."""
        if scope["type"] == "websocket":
            await self._keep_open(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if self._https or scope["scheme"] == "https":
                    message["headers"] = [(name, _secured(name, value)) for name, value in message["headers"]]
            await send(message)

        await (_REFUSAL if _is_refused(scope) else self._app)(scope, receive, send_with_headers)

    async def _keep_open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for as long as a page is open, unless its address has too many."""
        address = scope["client"][0] if scope.get("client") else ""
        if self._open[address] >= MOST_PAGES:
            await WebSocketClose()(scope, receive, send)
            return
        self._open[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[address] -= 1
            self._open += Counter()  # forgets who has none


# Of a body, nothing is read.
_REFUSAL = PlainTextResponse("There is nothing here.", 404, headers={"connection": "close"})


def _is_refused(scope: Scope) -> bool:
    own = _OWN_ROUTE.search(scope["path"])
    return scope["method"] not in READING or (own is not None and own["name"] not in ANSWERED)


def _secured(name: bytes, value: bytes) -> bytes:
    is_clear = name.lower() == b"set-cookie" and b"; secure" not in value.lower()
    return value + b"; Secure" if is_clear else value


def content_security_policy(page: str) -> str:
    """Return what a page may load and run: what this server sends, and the scripts that are written in it.

    Styles have to be allowed in the page, as Streamlit makes them in the browser; ``data:`` and ``blob:`` are pictures,
    symbols and downloads that are made there too.
    """
    scripts = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in _SCRIPT.findall(page))
    return "; ".join(
        [
            "default-src 'none'",
            " ".join(["script-src 'self'", *(f"'sha256-{digest}'" for digest in scripts)]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
