"""Texts of others on the terminal: each way in, and each command that prints them."""

from __future__ import annotations

import json
import re
import shlex
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from nids.bench import synthetic_run
from nids.storage import Folder
from nids.terminal import escaped
from tests.test_terminal import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Outcome

# As a file's name can have it: no slash, no NUL, no half of a pair.
IN_NAMES = re.sub("[/\x00\ud800]", "", "".join(HOSTILE.values()))
TEXT = "".join(HOSTILE.values()).replace("\ud800", "")


def said(outcome: Outcome, *expected: str) -> None:
    """Check that a command said what it should, letter by letter, and nothing that a terminal obeys."""
    both = outcome.stdout + outcome.stderr
    assert escaped(both) == both
    assert "Traceback" not in both
    for words in expected:
        assert words in both


def change(file: Path, *path: str, value: object) -> None:
    content = json.loads(file.read_text())
    section = content
    for name in path[:-1]:
        section = section[name]
    section[path[-1]] = value
    file.write_text(json.dumps(content))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "a"
    synthetic_run.write(Folder.from_uri(str(folder)), 3)
    return folder


def test_a_runs_texts(nids: Callable[..., Outcome], run: Path) -> None:
    change(run / "manifest.json", "data", "source", value=TEXT)
    change(run / "manifest.json", "machine", "processor", value=TEXT)
    change(run / "manifest.json", "folds", "notes", value=[TEXT])
    change(run / "status.json", "message", value=TEXT)
    (run / "curves" / "part-00000.parquet").unlink()
    run.rename(run.parent / IN_NAMES)
    (run.parent / f"damaged {IN_NAMES}").mkdir()
    (run.parent / f"damaged {IN_NAMES}" / "manifest.json").write_text(json.dumps({TEXT: TEXT, "format": 4}))
    said(nids("runs"), "[red]x", "[/x]", "damaged")
    listed = nids("runs", "--json")
    said(listed)
    assert json.loads(listed.stdout)[0]["data"] == TEXT
    said(nids("report", IN_NAMES), "[link=http:")
    said(nids("report", f"damaged {IN_NAMES}"), "damaged")
    said(nids("report", f"no {IN_NAMES}"), "holds no run named")
    said(nids("resume", f"no {IN_NAMES}"), "holds no run named")


def test_one_hostile_run_leaves_the_view_of_the_others(nids: Callable[..., Outcome], run: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    for name, content in {
        "deep": '{"format": ' + deep + "}",
        "fifty": '{"format": ' + "[" * 60 + "]" * 60 + "}",
        "wide": "[" + "[]," * 1_000_000 + "1]",
        "half": '{"format": "\\ud800"}',
        "number": '{"format": ' + "9" * 5000 + "}",
        "list": "[]",
    }.items():
        (run.parent / name).mkdir()
        (run.parent / name / "manifest.json").write_text(content)
    choices = {"name": "CategoricalDistribution", "attributes": {"choices": [[TEXT]]}}
    changes: list[tuple[str, list[str], object]] = [
        ("path", ["folds", "hash"], "../../x"),
        ("newline", ["run"], "a\nb"),
        ("time", ["created"], "0001-01-01T00:00:00+23:59"),
        ("count", ["data", "rows"], 10**30),
        ("choices", ["space", "gru_units"], choices),
    ]
    for name, path, value in changes:
        (run.parent / name).mkdir()
        (run.parent / name / "manifest.json").write_bytes((run / "manifest.json").read_bytes())
        change(run.parent / name / "manifest.json", *path, value=value)
    for name in ("status.json", "driver.json"):
        other = run.parent / f"only-{name}"
        synthetic_run.write(Folder.from_uri(str(other)), 1)
        (other / name).write_text(deep)
    change(run / "status.json", "trials", "total", value=10**12)
    listed = nids("runs", "--json")
    said(listed)
    states = {entry["run"]: (entry["state"], bool(entry["error"])) for entry in json.loads(listed.stdout)}
    damaged = ("deep", "fifty", "wide", "half", "number", "list", "path", "newline", "time", "count", "choices")
    assert states == {
        **dict.fromkeys(damaged, ("damaged", True)),
        "a": ("interrupted", True),
        "only-status.json": ("interrupted", True),
        "only-driver.json": ("finished", False),
    }


def test_names_and_columns_of_data_files(nids: Callable[..., Outcome], tmp_path: Path) -> None:
    name = f"{IN_NAMES}.csv"
    header = TEXT.replace(",", "").replace("\r", "").replace("\n", "").replace("\x00", "").replace('"', "")
    rows = [f"{i},{header},{'attack' if i % 2 else 'normal'}" for i in range(100)]
    (tmp_path / name).write_text("\n".join([f"a,{header} b,label", *rows]))
    said(nids("data", "describe", name, "--label", "label", "--to", "own.toml"))
    said(nids("data", "describe", name, "--label", f"no {IN_NAMES}", "--to", "other.toml"), "Error")
    said(nids("data", "check", name, "--dataset", "own.toml"))
    said(nids("data", "check", name, "--dataset", "nsl-kdd"), "Error")
    said(nids("data", "check", f"no {name}", "--dataset", "nsl-kdd"), "Error")
    said(nids("search", f"no {name}"), "Error")
    said(nids("score", f"no {name}", name), "Error")
    said(nids("search", "quick", name), "unexpected extra argument")


@pytest.fixture
def job_server() -> Iterator[str]:
    """The address of a job server as a hostile cluster may have it."""
    job = {
        "type": "SUBMISSION",
        "submission_id": f"raysubmit_{TEXT}",
        "status": "SUCCEEDED",
        "entrypoint": TEXT,
        "message": TEXT,
        "start_time": 10**17,
        "metadata": {"nids_run": f"{TEXT}; rm -rf ~", "nids_storage": "$(id)"},
    }
    answers = {
        "/api/version": {"version": "4", "ray_version": "2.60.0", "ray_commit": "0", "session_name": "s"},
        "/api/jobs/": [job],
        "/api/jobs/raysubmit_x": job,
        "/api/jobs/raysubmit_x/logs": {"logs": f"\x1b[31m1 %\r2 %\x1b[0m {TEXT}\n"},
        "/api/jobs/raysubmit_x/stop": {"stopped": True},
    }

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = json.dumps(answers[self.path]).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_a_cluster_tells_of_jobs(nids: Callable[..., Outcome], job_server: str, tmp_path: Path) -> None:
    def asked(*words: str) -> Outcome:
        return nids("jobs", *words, "--address", job_server, HOME=str(tmp_path), RAY_AUTH_TOKEN="0" * 32)

    said(asked("list"), "succeeded")
    said(asked("list", "--json"))
    said(asked("status", "raysubmit_x"), "[red]x[/]")
    logs = asked("logs", "raysubmit_x")
    said(logs)
    assert logs.stdout.startswith("1 %\n2 % \\x1b]0;t\\x07")
    said(asked("status", f"no {IN_NAMES}"), "there is no job or run named")
    stopped = asked("stop", "raysubmit_x")
    said(stopped)
    proposed = shlex.split(stopped.stdout.partition("Resume its run with: ")[2])
    assert proposed[:3] == ["nids", "submit", "--resume"]
    assert proposed[3].endswith("; rm -rf ~")
    assert proposed[4:] == ["--storage", "$(id)", "--address", job_server]
