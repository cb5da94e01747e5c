from __future__ import annotations

import hashlib
import io
import re
import socket
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rich.console import Console

from nids.datasets import download as downloading
from nids.datasets.catalog.nsl_kdd import DATASET as NSL_KDD
from nids.datasets.catalog.nsl_kdd_sample import sample
from nids.datasets.fetch import fetch
from nids.datasets.locate import cache_folder
from nids.datasets.source_file import SourceFile
from nids.errors import UserError

CONTENTS = {"train+.txt": b"0,tcp\n" * 50_000, "test+.txt": b"1,udp\n" * 10}
DATASET = replace(
    NSL_KDD,
    files=tuple(
        SourceFile(name, name, hashlib.sha256(content).hexdigest(), rows=0, role="training")
        for name, content in CONTENTS.items()
    ),
)


class Mirrors(BaseHTTPRequestHandler):
    """Answers under /good with the files, and otherwise as the first part of the path says."""

    def do_GET(self):
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        _, kind, name = self.path.split("/")
        content = CONTENTS[name.replace("%2B", "+")]
        if kind == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        if kind != "unsized":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write({"changed": content[::-1], "short": content[:-7]}.get(kind, content))

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirrors) as server:
        server.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def mirror(server):
    return lambda kind: f"http://127.0.0.1:{server.server_port}/{kind}/{{filename}}"


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=300, force_terminal=True)


def cached():
    return {path.name: path.read_bytes() for path in cache_folder(DATASET).iterdir()}


def test_mirrors_are_tried_in_turn(server, mirror, console):
    kinds = ("changed", "missing", "short", "good")
    paths = fetch(DATASET, mirrors=[mirror(kind) for kind in (*kinds, "never asked")], console=console)
    assert paths == [cache_folder(DATASET) / name for name in CONTENTS]
    assert cached() == CONTENTS
    names = [name.replace("+", "%2B") for name in CONTENTS]
    assert server.asked == [f"/{kind}/{name}" for name in names for kind in kinds]
    shown = console.file.getvalue()
    assert "2/2 files" in shown
    assert re.search(r"t(rain|est)\+\.txt · 0\.\d of 0\.\d MB", shown)


def test_a_server_that_does_not_say_how_much_it_sends(mirror, console):
    fetch(DATASET, mirrors=[mirror("unsized")], console=console)
    assert cached() == CONTENTS


def test_what_is_cached_is_not_fetched_again(server, mirror, console):
    cache_folder(DATASET).mkdir(parents=True)
    (cache_folder(DATASET) / "train+.txt").write_bytes(CONTENTS["train+.txt"])
    (cache_folder(DATASET) / "test+.txt").write_bytes(b"not what it should be")
    fetch(DATASET, mirrors=[mirror("good")], console=console)
    assert server.asked == ["/good/test%2B.txt"]
    assert cached() == CONTENTS


def test_when_no_mirror_helps_one_message_says_what_was_tried(mirror, console):
    kinds = ("changed", "missing", "short")
    with pytest.raises(UserError) as refusal:
        fetch(DATASET, mirrors=[mirror(kind) for kind in kinds], console=console)
    changed, missing, short = (mirror(kind).format(filename="train%2B.txt") for kind in kinds)
    backwards = hashlib.sha256(CONTENTS["train+.txt"][::-1]).hexdigest()[:12]
    assert str(refusal.value) == (
        "train+.txt could not be downloaded. Tried:\n"
        f"  {changed}: another file (SHA-256 {backwards}…, not {DATASET.files[0].sha256[:12]}…)\n"
        f"  {missing}: HTTP 404 Not Found\n"
        f"  {short}: cut off after 299,993 of 300,000 bytes\n"
        "Try again later; or get the file elsewhere and run `nids data fetch nsl-kdd --from PATH` "
        "(a file, folder or zip archive), or set NIDS_DATA_DIR to a folder that holds it."
    )
    assert cached() == {}


@pytest.fixture
def silent_port():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_host_that_does_not_answer_is_asked_once(monkeypatch, silent_port, console):
    monkeypatch.setattr(downloading, "CONNECT_SECONDS", 0.2)
    with pytest.raises(UserError) as refusal:
        fetch(
            DATASET,
            mirrors=[f"http://127.0.0.1:{silent_port}/{x}/{{filename}}" for x in "ab"],
            console=console,
        )
    assert str(refusal.value).splitlines()[1:3] == [
        f"  http://127.0.0.1:{silent_port}/{x}/train%2B.txt: no answer within 0.2 s" for x in "ab"
    ]


def test_reasons_of_the_network(console):
    # The name is reserved (RFC 2606): it never resolves.
    mirrors = ["http://host.invalid/{filename}", "http://127.0.0.1:1/{filename}", "nonsense/{filename}"]
    with pytest.raises(UserError) as refusal:
        fetch(DATASET, mirrors=mirrors, console=console)
    unresolved, refused, nonsense = str(refusal.value).splitlines()[1:4]
    assert unresolved == "  http://host.invalid/train%2B.txt: host name could not be resolved"
    assert refused == "  http://127.0.0.1:1/train%2B.txt: Connection refused"
    assert nonsense.startswith("  nonsense/train%2B.txt: unknown url type")


def test_an_interrupted_download_leaves_nothing(mirror, console, tmp_path):
    def interrupt(received, expected):
        assert list(tmp_path.iterdir()) != []
        raise KeyboardInterrupt

    url = mirror("good").format(filename="train%2B.txt")
    with pytest.raises(KeyboardInterrupt):
        downloading.download(url, DATASET.files[0].sha256, tmp_path / "train+.txt", interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "zip", "folder with zip"])
def test_copying_from_a_place(tmp_path, kind, console):
    source = tmp_path / "source"
    source.mkdir()
    if kind == "folder":
        for name, content in CONTENTS.items():
            (source / name).write_bytes(content)
    else:
        with zipfile.ZipFile(source / "all.zip", "w") as archive:
            for name, content in CONTENTS.items():
                archive.writestr(f"../outside/{name}", content)
    place = source / "all.zip" if kind == "zip" else source
    paths = fetch(DATASET, source=place, console=console)
    assert paths == [cache_folder(DATASET) / name for name in CONTENTS]
    assert cached() == CONTENTS
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_copying_a_file_known_by_its_content(tmp_path, console):
    (tmp_path / "download.bin").write_bytes(CONTENTS["test+.txt"])
    paths = fetch(DATASET, source=tmp_path / "download.bin", console=console)
    assert paths == [cache_folder(DATASET) / "test+.txt"]
    assert cached() == {"test+.txt": CONTENTS["test+.txt"]}


def test_copying_some_of_the_files_says_which_are_lacking(tmp_path, console):
    (tmp_path / "test+.txt").write_bytes(CONTENTS["test+.txt"])
    assert fetch(DATASET, source=tmp_path, console=console) == [cache_folder(DATASET) / "test+.txt"]
    assert "holds no train+.txt" in console.file.getvalue()


def test_copies_that_are_not_what_was_published_are_refused(tmp_path, console):
    sha256 = hashlib.sha256(b"changed").hexdigest()[:12]
    with pytest.raises(UserError) as refusal:
        fetch(DATASET, source=tmp_path, console=console)
    assert str(refusal.value) == (
        f"{tmp_path}: holds none of train+.txt, test+.txt. Give a file, folder or zip archive that does."
    )
    (tmp_path / "test+.txt").write_bytes(b"changed")
    with pytest.raises(UserError) as refusal:
        fetch(DATASET, source=tmp_path, console=console)
    assert str(refusal.value) == (
        f"{tmp_path}: test+.txt has SHA-256 {sha256}…, but the published file has "
        f"{DATASET.files[1].sha256[:12]}…. Get another copy."
    )
    with pytest.raises(UserError) as refusal:
        fetch(DATASET, source=tmp_path / "test+.txt", console=console)
    assert str(refusal.value) == (
        f"{tmp_path / 'test+.txt'}: is not a published file of nsl-kdd (SHA-256 {sha256}…). "
        "Only those are cached; give other data where they are used."
    )
    assert cached() == {}


def test_a_place_that_cannot_be_written(tmp_path, console):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be written: .* Make it writable or make space\."):
        fetch(DATASET, folder=tmp_path / "file" / "cache", console=console)


def test_a_generated_data_set_has_nothing_to_fetch(console):
    with pytest.raises(UserError) as refusal:
        fetch(sample.DATASET, console=console)
    assert str(refusal.value) == "nsl-kdd-sample is generated: there is nothing to fetch."
