"""A server of S3's protocol on this machine, which can be killed, started again and paused."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from nids.errors import UserError

if TYPE_CHECKING:
    from types import TracebackType

START_SECONDS = 30.0


class S3Server:
    """rclone's server, with the bucket ``bucket``, for as long as a block runs.

    Args:
        folder: Where it keeps its objects and its log.

    Attributes:
        bucket: The folder that holds the bucket's objects.
        environment: The variables by which a process finds the server.

    Raises:
        UserError: There is no rclone beside this Python, or it does not start.
    """

    def __init__(self, folder: Path) -> None:
        self.bucket = folder / "objects" / "bucket"
        self._log = folder / "rclone.log"
        self._rclone = Path(sys.executable).parent / "rclone"
        if not self._rclone.exists():
            raise UserError(f"there is no {self._rclone}: install what this project is developed with, `make install`.")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.environment = {
            "AWS_ACCESS_KEY_ID": "an-id",
            "AWS_SECRET_ACCESS_KEY": "a-secret",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.bucket.mkdir(parents=True)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        address = f"127.0.0.1:{self._port}"
        command = [str(self._rclone), "serve", "s3", "--auth-key", "an-id,a-secret", "--addr", address]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [*command, "--config", os.devnull, str(self.bucket.parent)], stdout=log, stderr=subprocess.STDOUT
            )
        ends = time.monotonic() + START_SECONDS
        while self._server.poll() is None and time.monotonic() < ends:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.1)
        raise UserError(f"rclone's server did not start: {self._log.read_text()[-300:]}")

    def kill(self) -> None:
        """Kill the server at once."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def pause(self) -> None:
        """Have it take connections and answer none."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have it answer again."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._server is not None
        self._server.send_signal(number)
