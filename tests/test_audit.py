"""``.ci/audit``: what is known of the locked packages is printed; a database that does not answer fails nothing."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).parent / "uv"
ADVISORY = {
    "id": "PYSEC-2026-1",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "Cups run over",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "leaky"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
        }
    ],
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not UV.exists(), reason="needs the uv that `make` installs beside Python"),
]


class Database(BaseHTTPRequestHandler):
    """Speaks OSV's protocol, and knows one advisory: of leaky before 2.0."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        leaky = {"name": "leaky", "ecosystem": "PyPI"}
        known = [it["package"] == leaky and it["version"] == "1.0" for it in asked]
        self._answer({"results": [{"vulns": [ADVISORY]} if it else {} for it in known]})

    def do_GET(self) -> None:
        self._answer(ADVISORY)

    def _answer(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def database() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def _locked(folder: Path, *packages: str) -> Path:
    """Write a lock file, and a wheel of each of its packages, which stand in for an index."""
    for package in packages:
        name, version = package.split("==")
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            info = f"{name}-{version}.dist-info"
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    lock = folder / "requirements-own.lock"
    lock.write_text("".join(f"{it} \\\n    --hash=sha256:{'0' * 64}\n    # via nids\n" for it in packages))
    return lock


def _audit(lock: Path, source: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [ROOT / ".ci" / "audit", lock],
        env=os.environ
        | {"UV": str(UV), "AUDIT_SOURCE": source, "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(lock.parent)}
        | {"UV_CACHE_DIR": str(lock.parent / "cache"), "UV_HTTP_RETRIES": "0"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_known_vulnerability_is_printed_and_is_status_1(tmp_path: Path, database: str) -> None:
    lock = _locked(tmp_path, "leaky==1.0", "tight==1.0")
    status, printed = _audit(lock, database)
    assert status == 1
    assert printed.startswith(f"Known vulnerabilities of what {lock} holds:\n")
    for line in ("leaky 1.0 has 1 known vulnerability:", "- PYSEC-2026-1: Cups run over", "  Fixed in: 2.0"):
        assert line in printed.splitlines()
    assert "tight" not in printed


def test_packages_without_a_known_vulnerability_are_status_0(tmp_path: Path, database: str) -> None:
    lock = _locked(tmp_path, "leaky==2.0", "tight==1.0")
    assert _audit(lock, database) == (0, f"No vulnerability is known of what these hold: {lock}\n")


def test_a_database_that_is_not_reached_is_one_line(tmp_path: Path) -> None:
    lock = _locked(tmp_path, "leaky==1.0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        status, printed = _audit(lock, f"http://127.0.0.1:{free.getsockname()[1]}/")
    assert status == 3
    assert re.fullmatch(rf"{lock} was not audited: .*Connection refused.*\n", printed)


def test_a_database_that_never_answers_is_left(tmp_path: Path) -> None:
    lock = _locked(tmp_path, "leaky==1.0")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert _audit(lock, f"http://127.0.0.1:{port}/", AUDIT_SECONDS="1") == (
            3,
            f"{lock} was not audited: no answer within 1 s\n",
        )


def test_continuous_integration_asks_and_goes_on() -> None:
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert commands[-2:] == [".ci/audit || true", "make test"]
