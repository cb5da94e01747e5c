"""A real server of S3's protocol on the loopback, as a fixture."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which the server keeps the objects of ``s3://bucket``; the environment leads there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (tmp_path / "objects" / "bucket").mkdir(parents=True)
    rclone = Path(sys.executable).parent / "rclone"
    command = [str(rclone), "serve", "s3", "--auth-key", "an-id,a-secret", "--addr", address, "--config", os.devnull]
    with (tmp_path / "rclone.log").open("w") as log:
        server = subprocess.Popen([*command, str(tmp_path / "objects")], stdout=log, stderr=subprocess.STDOUT)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "an-id",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
        "AWS_ENDPOINT_URL": f"http://{address}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        while server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(address.partition(":")[2]))) == 0:
                    break
            time.sleep(0.1)
        assert server.poll() is None, (tmp_path / "rclone.log").read_text()
        yield tmp_path / "objects" / "bucket"
    finally:
        server.terminate()
        server.wait()
