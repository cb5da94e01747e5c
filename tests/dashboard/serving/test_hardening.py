from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import itertools
import re
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from starlette.responses import PlainTextResponse
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from nids.bench.dashboard import served
from nids.dashboard.serving.hardening import MOST_PAGES, Hardening, content_security_policy
from nids.dashboard.serving.index_page import SCRIPT, index_page
from tests.dashboard.serving.asgi import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Message, Receive, Scope, Send

LOGIN = """\
[auth]
redirect_uri = "https://nids.example.org/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "nids"
client_secret = "secret"
server_metadata_url = "https://accounts.example.org/.well-known/openid-configuration"

[visitors]
emails = ["*@example.org"]
"""


def answer(path: str, method: str = "GET", scheme: str = "http", *, https: bool = False) -> tuple[int, dict[str, str]]:
    """The status and the headers that a request is answered with."""

    async def others(scope: Scope, receive: Receive, send: Send) -> None:
        response = PlainTextResponse("another")
        response.set_cookie("_streamlit_user", "me")
        await response(scope, receive, send)

    scope: Scope = {"type": "http", "method": method, "path": path, "scheme": scheme, "headers": []}
    head, *_ = messages(Hardening(others, "<html></html>", https=https), scope)
    return head["status"], {name.decode(): value.decode() for name, value in head["headers"]}


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 200),
        ("/overview", "HEAD", 200),
        ("/_stcore/health", "GET", 200),
        ("/prefix/_stcore/host-config", "GET", 200),
        ("/media/a.csv", "GET", 200),
        ("/auth/login", "GET", 200),
        ("/", "POST", 404),
        ("/_stcore/upload_file/session/file", "PUT", 404),
        ("/_stcore/upload_file/session/file", "OPTIONS", 404),
        ("/_stcore/metrics", "GET", 404),
        ("/prefix/_stcore/metrics", "GET", 404),
        ("/_stcore/agent/interact", "GET", 404),
        ("/_stcore/health/_stcore/metrics", "GET", 404),
        ("/_stcore/health\n", "GET", 404),
    ],
)
def test_only_what_the_pages_need_is_answered(path: str, method: str, status: int) -> None:
    found, headers = answer(path, method)
    assert found == status
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("scheme", "https", "secure"), [("http", False, False), ("https", False, True), ("http", True, True)]
)
def test_cookies_do_not_go_in_clear_where_visitors_come_by_https(scheme: str, https: bool, secure: bool) -> None:
    cookie = answer("/", scheme=scheme, https=https)[1]["set-cookie"]
    assert cookie == "_streamlit_user=me; Path=/; SameSite=lax" + ("; Secure" if secure else "")


def test_content_security_policy_allows_the_scripts_of_the_page_and_no_others() -> None:
    policy = content_security_policy(index_page())
    [scripts] = re.findall("script-src ([^;]*)", policy)
    of_ours = base64.b64encode(hashlib.sha256(re.sub("</?script>", "", SCRIPT).encode()).digest()).decode()
    assert f"'sha256-{of_ours}'" in scripts
    assert scripts.split()[0] == "'self'"
    assert index_page().count("<script>") == scripts.count("sha256-")
    assert "unsafe" not in scripts
    assert policy.startswith("default-src 'none'; ")


def test_an_address_has_so_many_pages_open_and_no_more() -> None:
    answers: list[tuple[str, str]] = []

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await receive()

    async def receive() -> Message:
        await left.wait()
        return {"type": "websocket.disconnect"}

    def opened(address: str) -> asyncio.Task[None]:
        async def send(message: Message) -> None:
            answers.append((address, message["type"]))

        scope: Scope = {"type": "websocket", "path": "/_stcore/stream", "client": (address, 1)}
        return asyncio.create_task(server(scope, receive, send))  # type: ignore[arg-type]

    async def visit() -> None:
        first = [opened("192.0.2.1") for _ in range(MOST_PAGES)]
        await asyncio.sleep(0)
        await opened("192.0.2.1")
        other = opened("192.0.2.2")
        await asyncio.sleep(0)
        left.set()
        await asyncio.gather(*first, other)
        await opened("192.0.2.1")

    server, left = Hardening(pages, "<html></html>"), asyncio.Event()
    asyncio.run(visit())
    assert answers == [
        *[("192.0.2.1", "websocket.accept")] * MOST_PAGES,
        ("192.0.2.1", "websocket.close"),
        ("192.0.2.2", "websocket.accept"),
        ("192.0.2.1", "websocket.accept"),
    ]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """The port of a server that asks for a login."""
    (tmp_path / "login.toml").write_text(LOGIN)
    with served(str(tmp_path / "runs"), "--login", str(tmp_path / "login.toml")) as (address, _):
        yield int(address.rpartition(":")[2])


def test_who_is_not_logged_in_leaves_nothing_in_the_servers_memory(server: int) -> None:
    def asked(path: str) -> tuple[int, str]:
        with closing(http.client.HTTPConnection("127.0.0.1", server, timeout=60)) as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.getheader("set-cookie") or ""

    status, cookie = asked("/_stcore/health")
    assert (status, cookie.rpartition("; ")[2]) == (200, "Secure")
    assert asked("/_stcore/metrics")[0] == 404
    # The refusal does not wait for the file.
    with socket.create_connection(("127.0.0.1", server), timeout=60) as upload:
        upload.sendall(b"PUT /_stcore/upload_file/a/b HTTP/1.1\r\nHost: a\r\nContent-Length: 150000000\r\n\r\n")
        assert upload.recv(100).startswith(b"HTTP/1.1 404")
    pages = connect(f"ws://127.0.0.1:{server}/_stcore/stream", subprotocols=["streamlit"])  # type: ignore[list-item]
    with pages, pytest.raises(ConnectionClosed):  # long before the message's end
        pages.send(itertools.repeat(bytes(100_000), 1000))
