"""A real server of S3's protocol on the loopback, as fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nids.bench.s3_server import S3Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def s3_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """The server; the environment leads there."""
    with S3Server(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def bucket(s3_server: S3Server) -> Path:
    """The folder in which the server keeps the objects of ``s3://bucket``."""
    return s3_server.bucket
