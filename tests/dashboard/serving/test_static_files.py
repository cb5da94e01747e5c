from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from dashboard.serving import static_files
from dashboard.serving.index_page import FOLDER, PATHS, index_page
from dashboard.serving.static_files import StaticFiles

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Message, Scope

PASSED_ON = [{"type": "passed on"}]


def answer(path: str, method: str = "GET") -> list[Message]:
    """What is sent for a request, twice: read from the disk, and from memory."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is to be received")

    async def others(scope: Scope, receive: Any, send: Any) -> None:
        await send(PASSED_ON[0])

    async def ask() -> list[list[Message]]:
        files = StaticFiles(others)
        answers = []
        for _ in range(2):
            sent.clear()
            await files({"type": "http", "method": method, "path": path}, receive, send)
            answers.append([*sent])
        return answers

    first, second = asyncio.run(ask())
    assert first == second
    return first


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        pytest.param("static/js/index.*.js", b"text/javascript; charset=utf-8", id="script"),
        pytest.param("static/css/index.*.css", b"text/css; charset=utf-8", id="style"),
        pytest.param("static/media/*.woff2", b"font/woff2", id="font"),
    ],
)
def test_the_program_comes_whole_and_to_be_kept(pattern: str, kind: bytes) -> None:
    file = next(FOLDER.glob(pattern))
    head, body = answer(f"/{file.relative_to(FOLDER).as_posix()}")
    assert dict(head["headers"]) == {
        b"cache-control": b"public, immutable, max-age=31536000",
        b"content-type": kind,
        b"content-length": str(file.stat().st_size).encode(),
    }
    assert (head["status"], body["body"]) == (200, file.read_bytes())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", PATHS)
def test_each_page_is_loaded_by_the_same(path: str, method: str) -> None:
    head, body = answer(path, method)
    assert dict(head["headers"]) == {
        b"cache-control": b"no-cache",
        b"content-type": b"text/html; charset=utf-8",
        b"content-length": str(len(index_page())).encode(),
    }
    assert (head["status"], body["body"]) == (200, index_page())


@pytest.mark.parametrize(
    ("path", "method"),
    [
        pytest.param("/overview/", "GET", id="page-with-a-slash"),
        pytest.param("/nowhere", "GET", id="no-page"),
        pytest.param("/static/js/gone.js", "GET", id="no-file"),
        pytest.param("/static/js/notes.txt", "GET", id="another-kind"),
        pytest.param("/static/../outside.js", "GET", id="outside"),
        pytest.param("/static/js", "GET", id="folder"),
        pytest.param("/static/js/a.js", "POST", id="another-method"),
        pytest.param("/static/./js/a.js", "GET", id="spelt-otherwise"),
        pytest.param("/static//js/a.js", "GET", id="spelt-with-two-slashes"),
        pytest.param("/static/\0.js", "GET", id="null-byte"),
        pytest.param(f"/static/{'a' * 400}.js", "GET", id="long"),
    ],
)
def test_all_else_is_passed_on(path: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "static" / "js").mkdir(parents=True)
    for name in ("outside.js", "static/js/a.js", "static/js/notes.txt"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(static_files, "FOLDER", tmp_path)
    assert answer("/static/js/a.js") != PASSED_ON
    assert answer(path, method) == PASSED_ON


def test_other_protocols_are_passed_on() -> None:
    async def others(scope: Scope, receive: Any, send: Any) -> None:
        await send(scope)

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is to be received")

    scope: Scope = {"type": "websocket", "path": "/static/js/x.js"}
    asyncio.run(StaticFiles(others)(scope, receive, send))
    assert sent == [scope]
