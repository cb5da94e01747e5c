"""What reads files from others: each reader with inputs that are sound, from which others are made.

A reader returns something or raises a ``UserError``; whatever else it does is a finding.
"""

from __future__ import annotations

import atexit
import functools
import gzip
import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from nids import datasets, job_file
from nids.bench import synthetic_run
from nids.cli import runs
from nids.dashboard.serving.login_file import LoginFile
from nids.datasets import description
from nids.datasets.io.archive import data_path
from nids.datasets.io.batches import names_from, text_batches
from nids.datasets.io.stream import stream
from nids.detector import bundle
from nids.detector.bundle_files import SUMS
from nids.detector.score_files import rejects_file
from nids.errors import UserError
from nids.folds import cache
from nids.folds.build import build_folds
from nids.folds.fold import TrainingSet
from nids.report import as_json, html, terminal
from nids.results import new_run, open_run, write_table
from nids.results.notes import change_tags, write_note
from nids.results.run import REPEATS
from nids.search.learned import FILE as LEARNED
from nids.search.learned import Learned, LearnedTrial, learned_of
from nids.storage import Folder
from nids.training import checkpoint
from tests.fuzz.mutations import SEPARATOR
from tests.manifests import a_bundle_manifest, networks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nids.datasets.traffic import Traffic

LONGEST_MESSAGE = 5000
ROWS = 120
JOB = {
    "name": "fuzz",
    "data": {"dataset": "nsl-kdd-sample", "rows": ROWS},
    "folds": {"count": 2, "targets": {"U2R": 12}},
    "model": {"name": "mlp"},
    "hyperparameters": {"layers": 1, "units": 4},
}


@dataclass(frozen=True)
class Target:
    """A reader of bytes.

    Attributes:
        read: Reads some.
        seeds: Returns inputs that it reads well.
    """

    read: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]

    def __call__(self, content: bytes) -> None:
        """Read a content, and see to it that an error says something in few words."""
        try:
            self.read(content)
        except UserError as error:
            if not 0 < len(str(error)) < LONGEST_MESSAGE:
                raise AssertionError(f"a message of {len(str(error))} characters") from error


@functools.cache
def _folder() -> Path:
    """Return a folder that is there until this process ends."""
    path = Path(tempfile.mkdtemp(prefix="nids-fuzz-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def _file(name: str, content: bytes) -> Path:
    path = _folder() / name
    path.write_bytes(content)
    return path


@functools.cache
def _traffic() -> Traffic:
    return datasets.load_training("nsl-kdd-sample", rows=ROWS, seed=0)


def _table() -> pa.Table:
    return pa.Table.from_pandas(_traffic().features.head(4), preserve_index=False)


# --- traffic ---


def _traffic_files() -> list[bytes]:
    frame = _traffic().features.head(4)
    names = [*frame.columns]
    with_header = frame.to_csv(index=False).encode()
    kinds = ["string" if frame[name].dtype == object else "numeric" for name in names]
    attributes = "".join(f"@attribute {name} {kind}\n" for name, kind in zip(names, kinds, strict=True))
    zeek_types = "\t".join("string" if kind == "string" else "double" for kind in kinds)
    zeek = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    zeek += "#fields\t" + "\t".join(names) + "\n#types\t" + zeek_types + "\n"
    rows = frame.to_csv(index=False, header=False)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("flows.csv", with_header)
    parquet = io.BytesIO()
    pq.write_table(_table(), parquet)
    return [
        with_header,
        rows.encode(),
        frame.to_csv(index=False, quoting=1).encode(),
        f"@relation flows\n{attributes}@data\n{rows}".encode(),
        frame.to_json(orient="records", lines=True).encode(),
        (zeek + rows.replace(",", "\t")).encode(),
        gzip.compress(with_header, mtime=0),
        archive.getvalue(),
        parquet.getvalue(),
    ]


def _score(content: bytes) -> None:
    """Read traffic as ``nids score --rejects`` does: no row ends it."""
    dataset = datasets.get("nsl-kdd-sample").labelled_by()
    path = _file("traffic", content)
    with rejects_file(_folder() / "rejects.csv") as set_aside:
        for chunk in stream(data_path(path, dataset), dataset, rows=64):
            set_aside(path, chunk.rejects)
            assert len(chunk.table) == len(chunk.numbers)
            numbers = chunk.table.select_dtypes("number").to_numpy()
            assert np.isfinite(numbers[~np.isnan(numbers)]).all()


def _look_at(content: bytes) -> None:
    """Read a file of which nothing is known, as ``nids data describe`` does."""
    for numbers, batch in text_batches(data_path(_file("unknown", content))).batches:
        assert len(numbers) == len(batch)


# --- texts that people write ---


def _job_files() -> list[bytes]:
    shipped = Path(job_file.__file__).parent / "jobs"
    return [path.read_bytes() for path in sorted(shipped.glob("*.toml"))]


def _override(content: bytes) -> None:
    shipped = Path(job_file.__file__).parent / "jobs/quick.toml"
    job_file.read(shipped, [content.decode("utf-8", "surrogateescape")])


def _descriptions() -> list[bytes]:
    catalog = Path(description.__file__).parent / "catalog"
    return [path.read_bytes() for path in sorted(catalog.glob("*.toml"))]


LOGIN = b"""
[auth]
redirect_uri = "https://nids.example.org/oauth2callback"
cookie_secret = "0123456789012345678901234567890123456789"

[auth.provider]
client_id = "nids"
client_secret = "a secret"
server_metadata_url = "https://accounts.example.org/.well-known/openid-configuration"

[visitors]
emails = ["*@example.org"]
"""


def _name(content: bytes) -> None:
    """Open a run by whatever name, and begin one: nothing outside the storage is touched."""
    name, storage = content.decode("utf-8", "surrogateescape"), _folder() / "storage"
    storage.mkdir(exist_ok=True)
    for of_name in (open_run, new_run):
        try:
            folder = of_name(str(storage), name)
        except UserError:
            continue
        path = folder.folder.path if hasattr(folder, "folder") and not isinstance(folder, Folder) else folder.path
        assert Path(path).resolve().parent == storage.resolve(), path


# --- folders: an input is the content of one file of several, after its name ---


def _with_members(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return files by name, with the members of NumPy's archives each by itself, as ARCHIVE/MEMBER."""
    parts = {}
    for name, content in files.items():
        if not name.endswith(".npz"):
            parts[name] = content
            continue
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts |= {f"{name}/{member}": archive.read(member) for member in archive.namelist()}
    return parts


def _seeds_of(files: Mapping[str, bytes]) -> list[bytes]:
    whole = {name: content for name, content in files.items() if name.endswith(".npz")}
    return [name.encode() + SEPARATOR + content for name, content in {**_with_members(files), **whole}.items()]


def _changed(files: Mapping[str, bytes], content: bytes) -> tuple[str, bytes] | None:
    """Return the name of the file that an input changes, and its content; None if it has no such name."""
    name, separator, changed = content.partition(SEPARATOR)
    path = name.decode("utf-8", "replace")
    if not separator or path not in {**files, **_with_members(files)}:
        return None
    archive, inside, member = path.partition("/")
    if not (inside and archive.endswith(".npz")):
        return path, changed
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(files[archive])) as former, zipfile.ZipFile(sink, "w") as new:
        for each in former.namelist():
            new.writestr(each, changed if each == member else former.read(each))
    return archive, sink.getvalue()


def _files_in(path: Path) -> dict[str, bytes]:
    files = (file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith("."))
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


class _FolderOf:
    """A sound folder of which an input changes one file."""

    def __init__(self, name: str, write: Callable[[Path], None]) -> None:
        self.name, self._write = name, write

    @functools.cached_property
    def path(self) -> Path:
        path = _folder() / self.name
        path.mkdir()
        self._write(path)
        return path

    @functools.cached_property
    def files(self) -> dict[str, bytes]:
        return _files_in(self.path)

    def seeds(self) -> list[bytes]:
        return _seeds_of(self.files)

    def reader(self, read: Callable[[Path], object]) -> Callable[[bytes], None]:
        """Return what reads the folder with a change, which is undone afterwards."""

        def read_changed(content: bytes) -> None:
            changed = _changed(self.files, content)
            if changed is None:
                return
            path = self.path / changed[0]
            former = path.read_bytes()
            path.write_bytes(changed[1])
            try:
                read(self.path)
            finally:
                path.write_bytes(former)

        return read_changed


def _write_bundle(path: Path) -> None:
    from nids.folds.encoding import Encoding, compact
    from nids.models.mlp import MODEL, Hyperparameters

    traffic = _traffic()
    rows = compact(traffic.features, traffic.dataset)
    encoding = Encoding.fit(rows, np.arange(len(rows)), traffic.dataset)
    hp = Hyperparameters(layers=1, units=4)
    model = MODEL.build_for(encoding.width, 5, hp, 1)
    weights = {weight.path: np.array(weight) for weight in model.weights}
    dataset = traffic.dataset.labelled_by()
    manifest = a_bundle_manifest(networks(hp, model="mlp", members=1))
    bundle.save(Folder.from_uri(str(path)), manifest, dataset, encoding, [weights], card="# A card\n")


def _load_bundle(path: Path) -> None:
    """Load a bundle whose sums are right, as those of who changed it on purpose are."""
    sums = "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(path.iterdir())
        if file.name != SUMS
    )
    former = (path / SUMS).read_bytes()
    if former.count(b"\n") == sums.count("\n") and b"manifest.json" in former:
        (path / SUMS).write_text(sums)
    bundle.load(Folder.from_uri(str(path)))


def _write_run(path: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(path / "a-run")), trials=8)
    demonstration = Path(job_file.__file__).parent / "dashboard/demo/runs/demonstration"
    for part in ("final", "baselines"):
        (path / "a-run" / part).mkdir()
        shutil.copy(demonstration / part / "evaluation.json", path / "a-run" / part / "evaluation.json")
    shutil.copy(demonstration / "baselines/folds.parquet", path / "a-run/baselines/folds.parquet")
    (path / "a-run/driver.json").write_text(json.dumps({"token": "ab"}))
    run = open_run(str(path), "a-run")
    write_note(run, "a note")
    change_tags(run, ["a-tag"])
    complete: Any = run.trials().query("state == 'COMPLETE'").iloc[0]
    again = {"trial": complete["trial"], "repeat": 1, "seed": 1, "value": 0.1, "error": None, "log_loss": 0.1}
    write_table(run.folder, REPEATS, pd.DataFrame([again, {**again, "repeat": 2, "seed": 2, "value": 0.2}]))
    hp = run.manifest.hyperparameters_of(complete).model_dump()
    params = {name: hp[name] for name in run.manifest.space}
    trial = LearnedTrial(
        source="earlier:0", state="COMPLETE", values=(0.1,), params=params, intermediate_values={1: 0.1}
    )
    run.folder.write(LEARNED, Learned(trials=(trial,), points=(params,)).to_json())


def _list_runs(path: Path) -> None:
    """List runs, as ``nids runs`` does: nothing in one of them keeps others from being listed."""
    entries = runs.entries_of(str(path))
    assert [entry.run for entry in entries] == ["a-run"]
    runs.show_runs(str(path), entries, Console(file=io.StringIO()))


def _report_run(path: Path) -> None:
    run = open_run(str(path), "a-run")
    terminal.show(run, Console(file=io.StringIO()))
    as_json.content(run)


def _learned(path: Path) -> None:
    learned_of(open_run(str(path), "a-run"))


def _page_of_run(path: Path) -> None:
    html.page(open_run(str(path), "a-run"))


def _write_folds(path: Path) -> None:
    job = job_file.make(JOB, source="fuzz")
    training_set = TrainingSet.from_traffic(_traffic())
    folds = build_folds(training_set, _traffic(), job, lambda _: None)
    cache.save(Folder.from_uri(str(path)), training_set, folds)


def _load_folds(path: Path) -> None:
    """Load folds, and gather what a trial would: a step beyond their bounds would end this process."""
    loaded = cache.load(Folder.from_uri(str(path)), _traffic().dataset)
    if loaded is None:
        return
    training_set, folds = loaded
    for fold in folds:
        fold.encoding.transform(training_set.rows, fold.training[:64])
        fold.encoding.transform(training_set.rows, fold.validation[:64])
        fold.synthetic[:64].toarray()
        assert training_set.labels[fold.training].max(initial=0) < len(_traffic().dataset.classes)


def _checkpoint() -> bytes:
    reports = [{"epoch": 1, "log_loss": 0.5}]
    return checkpoint.to_bytes(checkpoint.Progress(reports, [[np.zeros(3, np.float32)]]), {"units": 4})


def _load_checkpoint(content: bytes) -> None:
    """Load a checkpoint whose digest is right, as that of who changed it on purpose is."""
    checkpoint.from_bytes(content, {"units": 4})
    archived = content[checkpoint.DIGEST_SIZE :]
    checkpoint.from_bytes(checkpoint._digest(archived) + archived, {"units": 4})


BUNDLE = _FolderOf("bundle", _write_bundle)
RUN = _FolderOf("runs", _write_run)
FOLDS = _FolderOf("folds", _write_folds)
TARGETS: dict[str, Target] = {
    "traffic": Target(_score, _traffic_files),
    # Of those without the names of their columns, which somebody else has to tell, there is nothing to see.
    "unknown-traffic": Target(_look_at, lambda: [seed for seed in _traffic_files() if seed != _traffic_files()[1]]),
    "job": Target(lambda content: job_file.read(_file("job.toml", content)), _job_files),
    "override": Target(_override, lambda: [b"search.trials=3", b'data.file="a.csv"', b"folds.targets={U2R=20}"]),
    "description": Target(lambda content: description.read(_file("flows.toml", content)), _descriptions),
    "column-names": Target(lambda content: names_from(str(_file("names", content))), lambda: [b"a,b\nc\n"]),
    "login": Target(lambda content: LoginFile.read(str(_file("login.toml", content))), lambda: [LOGIN]),
    "run-name": Target(_name, lambda: [b"a-run", b"../x", b"a/b"]),
    "bundle": Target(BUNDLE.reader(_load_bundle), BUNDLE.seeds),
    "runs": Target(RUN.reader(_list_runs), RUN.seeds),
    "report": Target(RUN.reader(_report_run), RUN.seeds),
    "learned": Target(
        RUN.reader(_learned), lambda: [seed for seed in RUN.seeds() if seed.startswith(f"a-run/{LEARNED}".encode())]
    ),
    "report-page": Target(RUN.reader(_page_of_run), RUN.seeds),
    "folds": Target(FOLDS.reader(_load_folds), FOLDS.seeds),
    "checkpoint": Target(_load_checkpoint, lambda: [_checkpoint()]),
}
