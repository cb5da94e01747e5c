from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from sklearn.tree import DecisionTreeClassifier

from nids import progress
from nids.cli.score import show
from nids.detector import score_files
from nids.detector.score import ScoreResult, score
from nids.detector.score_files import find_files
from nids.errors import UserError
from nids.folds.encoding import Encoding, compact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.datasets.schema import DatasetSpec
    from nids.datasets.traffic import Traffic

COLUMNS = ["file", "line", "class", "p_Normal", "p_DoS", "p_Probe", "p_R2L", "p_U2R", "attack_score", "alert"]


@dataclass(frozen=True)
class TreeDetector:
    """A decision tree on encoded rows: as real as the network's, and quick."""

    dataset: DatasetSpec
    encoding: Encoding
    tree: DecisionTreeClassifier
    thresholds: Mapping[float, float]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.dataset.classes

    @property
    def benign(self) -> int:
        return 0

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        encoded = self.encoding.transform(compact(features, self.dataset), np.arange(len(features)))
        return self.tree.predict_proba(encoded).astype(np.float32)


@pytest.fixture(scope="module")
def detector(traffic: Traffic) -> TreeDetector:
    rows = compact(traffic.features, traffic.dataset)
    numbers = np.arange(len(rows))
    encoding = Encoding.fit(rows, numbers, traffic.dataset)
    tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(encoding.transform(rows, numbers), traffic.label)
    return TreeDetector(traffic.dataset, encoding, tree, {0.001: 0.9, 0.01: 0.25})


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and another one beside it that the test runs in."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "traffic").mkdir()
    return tmp_path / "traffic"


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def text_of(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, header=False, lineterminator="\n")


def expected(detector: TreeDetector, table: pd.DataFrame, file: Path, lines: list[int], threshold: float):
    """What is to be written, computed from all rows at once."""
    probabilities = detector.probabilities(table)
    scores = probabilities[:, 1:].sum(axis=1, dtype=np.float64)
    return pd.DataFrame(
        {
            "file": pd.Series([str(file)] * len(table), dtype="str"),
            "line": lines,
            "class": pd.Series([detector.classes[i] for i in probabilities.argmax(axis=1)], dtype="str"),
            **{f"p_{name}": column for name, column in zip(detector.classes, probabilities.T, strict=True)},
            "attack_score": scores,
            "alert": scores > threshold,
        }
    )


def test_names_stand_for_a_header(detector: TreeDetector, traffic: Traffic, folder: Path, console: Console) -> None:
    names = [*traffic.features.columns[::-1], "note"]
    (folder / "a.csv").write_text(text_of(traffic.features[:50].assign(note="x")[names]))
    with pytest.raises(UserError, match=r"a.csv, line 1: found 42 columns, the first one"):
        score(replace(detector, dataset=replace(detector.dataset, layout=())), [folder], Path("s.parquet"), console)
    score(detector, [folder], Path("scores.parquet"), console, names=names)
    wanted = expected(detector, traffic.features[:50], folder / "a.csv", list(range(1, 51)), 0.25)
    pd.testing.assert_frame_equal(pd.read_parquet("scores.parquet"), wanted, check_exact=True)
    for given, message in (
        (names[:-1], "has 42 columns, but --names tells 41"),
        (names[1:], f"--names: the columns do not include {names[0]}, but all 41 features"),
    ):
        with pytest.raises(UserError, match=message):
            score(detector, [folder], Path("other.parquet"), console, names=given)
    traffic.features.to_parquet(folder / "b.parquet")
    with pytest.raises(UserError, match=r"b.parquet: names its columns itself, by the schema. Leave out --names."):
        score(detector, [folder], Path("other.parquet"), console, names=names)


@pytest.mark.parametrize(("rate", "threshold"), [(0.01, 0.25), (0.001, 0.9)])
@pytest.mark.parametrize("out", ["scores.parquet", "scores.csv"])
def test_scores_of_several_files(
    detector: TreeDetector, traffic: Traffic, folder: Path, console: Console, out: str, rate: float, threshold: float
) -> None:
    table = traffic.features
    (folder / "c.txt").write_text(text_of(table[:100].assign(attack="?")))
    (folder / "a").write_bytes(gzip.compress(table[100:180].to_csv(index=False).encode()))
    table[180:].to_parquet(folder / "b.data")
    result = score(detector, [folder], Path(out), console, false_positive_rate=rate, rows=30)
    wanted = pd.concat(
        [
            expected(detector, table[100:180], folder / "a", list(range(2, 82)), threshold),
            expected(detector, table[180:], folder / "b.data", list(range(1, 61)), threshold),
            expected(detector, table[:100], folder / "c.txt", list(range(1, 101)), threshold),
        ],
        ignore_index=True,
    )
    if out.endswith("parquet"):
        written = pd.read_parquet(out)
    else:
        single = {f"p_{name}": "float32" for name in detector.classes}
        written = pd.read_csv(out, dtype=single)
    assert list(written.columns) == COLUMNS
    pd.testing.assert_frame_equal(written, wanted, check_exact=True)
    assert result == ScoreResult(
        rows=240,
        rejected=0,
        by_class={name: int((wanted["class"] == name).sum()) for name in detector.classes},
        alerts=int(wanted["alert"].sum()),
        false_positive_rate=rate,
        threshold=detector.thresholds[rate],
        seconds=result.seconds,
        out=Path(out),
    )
    assert 0 < result.alerts < 240
    assert [path.name for path in Path().iterdir()] == [out]


def test_an_alert_lies_strictly_above_the_threshold(
    detector: TreeDetector, traffic: Traffic, folder: Path, console: Console
) -> None:
    scores = detector.probabilities(traffic.features)[:, 1:].sum(axis=1, dtype=np.float64)
    threshold = float(np.sort(scores)[120])
    assert (scores == threshold).sum() > 1
    (folder / "a").write_text(text_of(traffic.features))
    at = TreeDetector(detector.dataset, detector.encoding, detector.tree, {0.01: threshold})
    assert score(at, [folder], Path("scores.csv"), console).alerts == int((scores > threshold).sum())


def test_bad_rows_are_set_aside(detector: TreeDetector, traffic: Traffic, folder: Path, console: Console) -> None:
    lines = text_of(traffic.features).splitlines()
    good = [i for i in range(240) if i not in (3, 200)]
    lines[3] += ",1,2,3"
    lines[200] = lines[200].replace(",", ',"é', 1)
    (folder / "a").write_bytes("\n".join(lines).encode("latin-1"))
    bad = traffic.features[:9].copy()
    bad.loc[4, "hot"] = -1
    bad.to_parquet(folder / "b")
    result = score(detector, [folder], Path("scores.parquet"), console, rejects=Path("rejects.csv"), rows=50)
    assert (result.rows, result.rejected) == (246, 3)
    rejects = pd.read_csv("rejects.csv")
    assert rejects["raw"].tolist()[:2] == [lines[3], lines[200].replace("é", r"\udce9")]
    assert rejects["raw"][2].split(",")[9] == "-1.0"
    assert rejects.drop(columns="raw").to_dict("list") == {
        "file": [str(folder / "a")] * 2 + [str(folder / "b")],
        "line": [4, 201, 5],
        "reason": [
            "found 44 columns, but line 1 has 41",
            "column 2 (protocol_type): found the byte 0xe9, but the file must be UTF-8 text",
            "column 10 (hot): found '-1.0', but counts are whole numbers >= 0",
        ],
    }
    written = pd.read_parquet("scores.parquet")
    wanted = pd.concat(
        [
            expected(detector, traffic.features.iloc[good], folder / "a", [i + 1 for i in good], 0.25),
            expected(detector, bad.drop(index=4), folder / "b", [1, 2, 3, 4, 6, 7, 8, 9], 0.25),
        ],
        ignore_index=True,
    )
    pd.testing.assert_frame_equal(written, wanted, check_exact=True)


def test_no_text_in_csv_is_a_formula(
    detector: TreeDetector, traffic: Traffic, folder: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    lines = text_of(traffic.features[:3]).splitlines()
    Path("=1+1").write_text("\n".join([*lines, "@SUM(1)"]))
    score(detector, [Path("=1+1")], Path("scores.csv"), console, rejects=Path("rejects.csv"))
    score(detector, [Path("=1+1")], Path("scores.parquet"), console, rejects=Path("others.csv"))
    written, unchanged = pd.read_csv("scores.csv"), pd.read_parquet("scores.parquet")
    assert written["file"].tolist() == ["'=1+1"] * 3
    assert unchanged["file"].tolist() == ["=1+1"] * 3
    pd.testing.assert_frame_equal(written.drop(columns="file"), unchanged.drop(columns="file"), check_dtype=False)
    rejects = pd.read_csv("rejects.csv")
    assert rejects[["file", "line", "raw"]].to_numpy().tolist() == [["'=1+1", 4, "'@SUM(1)"]]


def test_without_rejects_a_bad_row_ends_everything(
    detector: TreeDetector, traffic: Traffic, folder: Path, console: Console
) -> None:
    text = text_of(traffic.features)
    (folder / "a").write_text(text)
    (folder / "b.txt").write_text(text.replace("tcp", "", 1))
    line = text[: text.index("tcp")].count("\n") + 1
    Path("scores.parquet").write_text("as it was")
    with pytest.raises(UserError) as refusal:
        score(detector, [folder], Path("scores.parquet"), console, overwrite=True, rows=100)
    assert str(refusal.value) == (
        f"b.txt, line {line}, column 2 (protocol_type): found '', but categories are not empty. Correct or remove the "
        "line, or have such rows set aside with --rejects FILE."
    )
    assert [(path.name, path.read_text()) for path in Path().iterdir()] == [("scores.parquet", "as it was")]


def test_rejects_are_written_even_if_there_are_none_and_scores_even_without_rows(
    detector: TreeDetector, traffic: Traffic, folder: Path, console: Console
) -> None:
    (folder / "a.csv").write_text(",".join(traffic.features.columns) + "\n")
    result = score(detector, [folder], Path("scores.parquet"), console, rejects=Path("rejects.csv"))
    assert (result.rows, result.rejected, result.alerts) == (0, 0, 0)
    assert set(result.by_class.values()) == {0}
    assert Path("rejects.csv").read_text() == "file,line,reason,raw\n"
    written = pq.read_table("scores.parquet")
    assert (written.column_names, written.num_rows) == (COLUMNS, 0)
    show(result, console)
    assert "0 rows scored" in printed(console)


def test_a_failure_of_the_detector_leaves_nothing(
    detector: TreeDetector, traffic: Traffic, folder: Path, console: Console
) -> None:
    class Failing(TreeDetector):
        calls = 0

        def probabilities(self, features: pd.DataFrame) -> np.ndarray:
            Failing.calls += 1
            if Failing.calls == 3:
                raise KeyboardInterrupt
            return super().probabilities(features)

    (folder / "a").write_text(text_of(traffic.features))
    failing = Failing(detector.dataset, detector.encoding, detector.tree, detector.thresholds)
    with pytest.raises(KeyboardInterrupt):
        score(failing, [folder], Path("scores.csv"), console, rejects=Path("rejects.csv"), rows=50)
    assert list(Path().iterdir()) == []


def test_columns_that_are_not_used_are_named_once(
    detector: TreeDetector, traffic: Traffic, folder: Path, console: Console
) -> None:
    table = traffic.features.assign(attack="?", id=7)
    for name in ("a.csv", "b.csv"):
        table.to_csv(folder / name)
    table.drop(columns="id").to_parquet(folder / "c")
    score(detector, [folder], Path("scores.csv"), console, rows=100)
    assert printed(console) == "a.csv: ignored columns: (no name), attack, id\nc: ignored columns: attack\n"


def test_progress_in_a_log_is_a_line_now_and_then(
    detector: TreeDetector, traffic: Traffic, folder: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1.0)
    (folder / "a").write_text(text_of(traffic.features))
    score(detector, [folder], Path("scores.csv"), console, rows=100)
    lines = [line.rpartition(" · ")[0] for line in printed(console).splitlines()]
    assert [line.partition(" % · ")[2] for line in lines] == ["a · 100 rows", "a · 200 rows", *["a · 240 rows"] * 2]
    assert lines[-1].startswith("100 %")


def test_progress_in_a_terminal_is_a_bar_that_ends_full(detector: TreeDetector, traffic: Traffic, folder: Path) -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    for name in ("a", "b[1]"):
        (folder / name).write_text(text_of(traffic.features))
    score(detector, [folder], Path("scores.csv"), console, rows=100)
    last = printed(console).split("\r")[-1]
    assert "100 % ━" in last
    assert "b[1] · 480 rows" in last


def test_what_is_shown_of_a_result() -> None:
    console = Console(file=io.StringIO(), width=60)
    by_class, out = {"Normal": 1000, "DoS": 500}, Path("a[1]/scores.csv")
    show(ScoreResult(1500, 2, by_class, 503, 0.005, 0.8125, 2.04, out, Path("rejects.csv")), console)
    lines = [" ".join(line.split()) for line in printed(console).splitlines()]
    assert lines[4:6] == ["Normal 1,000 66.67 %", "DoS 500 33.33 %"]
    assert printed(console).endswith(
        "1,500 rows scored in 2.0 s, 2 rows rejected\n"
        "503 alerts: attack score above 0.812, for a target false-positive rate of 0.5 %\n"
        "Scores: a[1]/scores.csv\nRejects: rejects.csv\n"
    )


def test_files_in_archives_are_scored(detector: TreeDetector, folder: Path, traffic: Traffic, console: Console) -> None:
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("in/rows.json", traffic.features.to_json(orient="records", lines=True))
        archive.writestr("readme.txt", "of two files")
    with zipfile.ZipFile(folder / "one.zip", "w") as archive:
        archive.writestr("rows.csv", traffic.features.to_csv(index=False))
    result = score(detector, [folder / "one.zip", folder / "two.zip" / "in" / "rows.json"], Path("scores.csv"), console)
    scores = pd.read_csv(result.out)
    assert scores["file"].unique().tolist() == [f"{folder}/one.zip", f"{folder}/two.zip/in/rows.json"]
    first, second = (rows.drop(columns=["file", "line"]) for _, rows in scores.groupby("file"))
    pd.testing.assert_frame_equal(first, second.reset_index(drop=True))
    with pytest.raises(UserError, match=r"two\.zip: holds 2 files: in/rows\.json, readme\.txt\. Name one of them"):
        score(detector, [folder / "two.zip"], Path("others.csv"), console)


def test_files_are_found_once_and_in_order_of_name(folder: Path) -> None:
    for name in ("b", "a", ".hidden"):
        (folder / name).write_text("")
    (folder / "below").mkdir()
    (folder / "below" / "c").write_text("")
    other = folder / "below" / ".." / "a"
    assert find_files([folder / "b", folder, other]) == [folder / "a", folder / "b"]
    assert find_files([folder / ".hidden"]) == [folder / ".hidden"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"paths": ["missing"]},
            "missing: there is no such file or folder. Give the path of a data file, or of a folder.",
            id="no path",
        ),
        pytest.param(
            {"paths": ["empty"]},
            "empty: holds no files. Give a file, or a folder that holds some itself.",
            id="no files",
        ),
        pytest.param(
            {"out": "scores.txt"},
            "scores.txt: scores are written as .parquet or .csv. Give a name that ends so.",
            id="ending",
        ),
        pytest.param(
            {"out": "there.csv"}, "there.csv: exists. Name another file, or replace it with --overwrite.", id="exists"
        ),
        pytest.param(
            {"rejects": "there.csv"},
            "there.csv: exists. Name another file, or replace it with --overwrite.",
            id="rejects exist",
        ),
        pytest.param(
            {"out": "traffic.csv", "overwrite": True},
            "traffic.csv: is among the files to be scored. Write it elsewhere, outside their folder.",
            id="the input",
        ),
        pytest.param(
            {"rejects": "../here/scores.csv"},
            "scores.csv: is named for the scores and for the rejects. Give two names.",
            id="one name for both",
        ),
        pytest.param(
            {"out": "no/scores.csv"}, "no/scores.csv: there is no folder no. Make it, or name another one.", id="folder"
        ),
        pytest.param(
            {"out": "empty.csv", "overwrite": True},
            "empty.csv: is a folder. Give the name of a file.",
            id="out is a folder",
        ),
        pytest.param(
            {"false_positive_rate": 0.05},
            "the detector has no threshold for a false-positive rate of 0.05. Give one of those that it has one for: "
            "0.001, 0.01.",
            id="threshold",
        ),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_read(
    detector: TreeDetector, folder: Path, console: Console, change: dict, message: str
) -> None:
    Path("traffic.csv").write_text("nothing that could be read")
    Path("there.csv").write_text("")
    Path("empty").mkdir()
    Path("empty.csv").mkdir()
    before = sorted(Path().rglob("*"))
    options = {"paths": ["traffic.csv"], "out": "scores.csv", **change}
    paths, out = [Path(path) for path in options.pop("paths")], Path(options.pop("out"))
    if "rejects" in options:
        options["rejects"] = Path(options["rejects"])
    with pytest.raises(UserError) as refusal:
        score(detector, paths, out, console, **options)
    assert str(refusal.value) == message
    assert sorted(Path().rglob("*")) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("name", ["scores.csv", "rejects.csv"])
def test_a_full_disk_is_said_of_the_right_file(
    detector: TreeDetector, traffic: Traffic, folder: Path, console: Console, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    from nids.datasets.io.content import written_whole

    @contextmanager
    def on_a_full_disk(path: Path):
        if path.name == name:
            with Path("/dev/full").open("wb", buffering=0) as stream:
                yield stream
        else:
            with written_whole(path) as stream:
                yield stream

    monkeypatch.setattr(score_files, "written_whole", on_a_full_disk)
    (folder / "a").write_text(text_of(traffic.features))
    with pytest.raises(UserError) as refusal:
        score(detector, [folder], Path("scores.csv"), console, rejects=Path("rejects.csv"))
    assert f"{name}: cannot be written: " in str(refusal.value)
    assert list(Path().iterdir()) == []


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(
    detector: TreeDetector, traffic: Traffic, folder: Path, console: Console
) -> None:
    """Memory after 20 chunks against 60: what was kept of each would add up."""
    lines = text_of(pd.concat([traffic.features] * 15, ignore_index=True))
    resident: list[int] = []

    class Watching(TreeDetector):
        def probabilities(self, features: pd.DataFrame) -> np.ndarray:
            resident.append(psutil.Process().memory_info().rss)
            return super().probabilities(features)

    with (folder / "a").open("w") as file:
        for _ in range(60):
            file.write(lines)
    watching = Watching(detector.dataset, detector.encoding, detector.tree, detector.thresholds)
    result = score(watching, [folder], Path("scores.parquet"), console, rows=3_600)
    assert result.rows == 60 * 3_600
    assert len(resident) == 60
    # All values of the last 40 chunks are 47 MB.
    assert max(resident[20:]) - max(resident[:20]) < 15e6
