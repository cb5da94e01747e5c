from __future__ import annotations

import json
import threading
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from nids.cluster import auth
from nids.cluster.announcements import announce
from nids.cluster.job_client import ENVIRONMENT, JobClient
from nids.cluster.session_folder import SessionFolder
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def job_server(asked: list[tuple[str, str | None]], moved_to: str = "") -> Iterator[str]:
    """A server that answers as a cluster without jobs, or that these have moved; it notes paths and tokens."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization")))
            moved = moved_to and self.path == "/api/jobs/"
            body = json.dumps([] if "jobs" in self.path else {"ray_version": "2.60.0"}).encode()
            self.send_response(302 if moved else 200)
            self.send_header("Content-Length", str(len(body)))
            if moved:
                self.send_header("Location", f"{moved_to}{self.path}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with a token for clusters on other machines."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "to be restored")
    for name in (auth.MODE, auth.TOKEN, auth.TOKEN_PATH):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(auth, "_former", [])
    auth.default_path().parent.mkdir()
    auth.default_path().write_text("the-users")


@pytest.mark.usefixtures("own")
def test_each_cluster_gets_its_own_token() -> None:
    local: list[tuple[str, str | None]] = []
    forwarded: list[tuple[str, str | None]] = []
    folder = SessionFolder()
    with job_server(local) as of_local, job_server(forwarded) as of_forwarded:
        auth.for_new_cluster(folder.path)
        announce(folder.path / auth.FILE, of_local.removeprefix("http://"))
        token = (folder.path / auth.FILE).read_text()
        for address in (of_local, of_forwarded, of_local.replace("127.0.0.1", "localhost")):
            assert JobClient(address).jobs() == []
    folder.remove()
    assert {sent for _, sent in local} == {f"Bearer {token}"}
    assert {sent for _, sent in forwarded} == {"Bearer the-users"}


@pytest.mark.usefixtures("own")
def test_a_server_that_sends_away_sends_away_without_the_token() -> None:
    first: list[tuple[str, str | None]] = []
    second: list[tuple[str, str | None]] = []
    with ExitStack() as servers:
        to = servers.enter_context(job_server(second)).replace("127.0.0.1", "localhost")
        address = servers.enter_context(job_server(first, moved_to=to))
        assert JobClient(address).jobs() == []
    assert {sent for _, sent in first} == {"Bearer the-users"}
    assert second == [("/api/jobs/", None)]


@pytest.mark.usefixtures("own")
def test_no_token_goes_to_another_machine_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    def request(*_: object, **__: object) -> None:
        pytest.fail("something was sent")

    monkeypatch.setattr("requests.request", request)
    for named in ("address", "RAY_API_SERVER_ADDRESS", "RAY_ADDRESS"):
        monkeypatch.delenv("RAY_API_SERVER_ADDRESS", raising=False)
        if named != "address":
            monkeypatch.setenv(named, "http://192.0.2.7:8265")
        with pytest.raises(UserError, match="is another machine, and HTTP would show the token"):
            JobClient("http://192.0.2.7:8265" if named == "address" else None)


@pytest.mark.usefixtures("own")
def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        JobClient("http://127.0.0.1:99999")
    assert str(caught.value) == (
        "http://127.0.0.1:99999: jobs are submitted to a URL such as http://127.0.0.1:8265 or https://ray.example.org, "
        "with a port from 1 to 65535, which --address, RAY_API_SERVER_ADDRESS or RAY_ADDRESS names."
    )


@pytest.mark.parametrize(
    ("framework", "passed"),
    [(None, {}), ("tensorflow", {}), ("jax", {"KERAS_BACKEND": "jax"})],
)
def test_submit_passes_the_framework_on(
    framework: str | None, passed: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if framework:
        monkeypatch.setenv("KERAS_BACKEND", framework)
    submitted: list[dict[str, Any]] = []
    client = JobClient.__new__(JobClient)  # without a cluster to connect to
    client._client = SimpleNamespace(submit_job=lambda **options: submitted.append(options))
    client.submit(["nids", "search", "quick"], tmp_path, {"run": "a"})
    assert submitted == [
        {
            "entrypoint": "nids search quick",
            "runtime_env": {"working_dir": str(tmp_path), "env_vars": {**ENVIRONMENT, **passed}},
            "metadata": {"run": "a"},
        }
    ]
