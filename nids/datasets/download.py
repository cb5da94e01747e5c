"""One address → one verified file on disk, or the short reason why not."""

from __future__ import annotations

import hashlib
import http.client
import queue
import socket
import threading
import urllib.request
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError

from nids.datasets.io.content import written_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONNECT_SECONDS = 10.0
_CHUNK = 1 << 16


class MirrorError(Exception):
    """Why a mirror did not give a file, in few words."""


class HostError(MirrorError):
    """Why a host does not answer at all: no other address there needs to be tried."""


def download(url: str, sha256: str, target: Path, report: Callable[[int, int | None], None]) -> None:
    """Put the file at an address into place, where it appears only when it is whole and verified.

    Args:
        url: The address.
        sha256: What the file must have, hexadecimal.
        target: Where to put it.
        report: Called with the bytes received and the bytes expected, if the server says how many.

    Raises:
        MirrorError: The file does not come, does not come whole or is another one.
        OSError: ``target`` cannot be written.
    """
    digest, received = hashlib.sha256(), 0
    with _opened(url) as response, written_whole(target) as stream:
        length = response.headers["Content-Length"]
        expected = int(length) if length else None
        while chunk := _read(response):
            stream.write(chunk)
            digest.update(chunk)
            received += len(chunk)
            report(received, expected)
        if expected is not None and received < expected:
            raise MirrorError(f"cut off after {received:,} of {expected:,} bytes")
        if digest.hexdigest() != sha256:
            raise MirrorError(f"another file (SHA-256 {digest.hexdigest()[:12]}…, not {sha256[:12]}…)")


def _opened(url: str) -> http.client.HTTPResponse:
    """Return the response to a request, within ``CONNECT_SECONDS``.

    A thread waits for it, because the time limit of a socket holds for each address of a host anew, and not
    for looking up its name.
    """
    answers: queue.SimpleQueue[http.client.HTTPResponse | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            # Not urlopen, which keeps the proxies that the environment named when it was first called.
            answers.put(urllib.request.build_opener().open(url, timeout=CONNECT_SECONDS))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        answer = TimeoutError()
    match answer:
        case http.client.HTTPResponse():
            return answer
        case HTTPError():
            answer.close()
            raise MirrorError(f"HTTP {answer.code} {answer.reason}")
        case TimeoutError() | URLError(reason=TimeoutError()):
            raise HostError(f"no answer within {CONNECT_SECONDS:g} s")
        case URLError(reason=socket.gaierror()):
            raise HostError("host name could not be resolved")
        case URLError(reason=reason):
            raise HostError(getattr(reason, "strerror", None) or str(reason))
        case _:
            raise MirrorError(str(answer) or type(answer).__name__)


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise MirrorError(f"broke off: {error}") from error
