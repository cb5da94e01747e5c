"""Requests to a part of the server, without a server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Scope


def messages(app: ASGIApp, scope: Scope) -> list[Message]:
    """Return what a request without a body is answered with, as ASGI defines it."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is to be received")

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    return sent
