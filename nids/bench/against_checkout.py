"""Whether this code and that of another checkout agree: ``python -m nids.bench.against_checkout PATH``.

Both run the same small search in processes of their own, on synthetic rows and, where ``NIDS_DATA_DIR`` is set, on
KDDTrain+_20Percent. Compared are the content of the folds, what was suggested to each trial, and the values of the
trials. Then this code reads, reports and scores with what the other has written. The exit status is 1 if anything
differs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich.console import Console

from nids import datasets
from nids.results import open_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parents[2]
JOB = Path(__file__).parent / "same_results.toml"
# Their folds have more rows of R2L than the synthetic ones are brought to.
REAL = ('data.dataset="nsl-kdd"', 'data.file="KDDTrain+_20Percent"', "folds.targets={R2L=300,U2R=60}")
ROUNDING = 1e-5  # of a trial's value and of a probability
RUN = "run"


@dataclass(frozen=True)
class Check:
    """One thing that was compared, and what differs; nothing if all is equal."""

    name: str
    compared: str
    differences: tuple[str, ...]


def compare(other: Path, work: Path, console: Console) -> Iterator[Check]:
    """Run both checkouts and yield what was compared.

    Args:
        other: The other checkout.
        work: An empty folder for runs and detectors.
        console: Where the commands that are run are shown.
    """
    rows = {"synthetic rows": ()} | ({"KDDTrain+_20Percent": REAL} if os.environ.get("NIDS_DATA_DIR") else {})
    for name, changes in rows.items():
        folder = work / name.split()[0]
        storages = {HERE: folder / "this", other: folder / "other"}
        for checkout, storage in storages.items():
            options = [part for change in changes for part in ("--set", change)]
            _nids(console, checkout, "search", str(JOB), "--storage", str(storage), "--name", RUN, *options)
        yield from (
            Check(f"{name}: {check.name}", check.compared, check.differences) for check in searches(*storages.values())
        )
        yield Check(f"{name}: report of the other's run", *_reports(console, *storages.values()))
    storage = work / "synthetic" / "other"
    _nids(console, other, "finalize", RUN, "--seeds", "1", "--storage", str(storage))
    yield Check("scores by the other's detector", *_scores(console, other, storage / RUN / "bundle", work))


def searches(this: Path, other: Path) -> Iterator[Check]:
    """Yield what differs between the folds and the trials of the same search in two storages."""
    yield Check("folds", *_folds(this, other))
    ours, theirs = (open_run(str(storage), RUN).trials().sort_values("trial") for storage in (this, other))
    params = sorted(name for name in {*ours, *theirs} if str(name).startswith("params_"))
    yield Check("suggestions", *_columns(ours, theirs, params, tolerance=0.0))
    yield Check("values of trials", *_columns(ours, theirs, ["state", "epochs", "value"], tolerance=ROUNDING))


def _folds(this: Path, other: Path) -> tuple[str, tuple[str, ...]]:
    folders = [sorted((storage / ".folds").glob("*/fold-*.npz")) for storage in (this, other)]
    names = [[path.name for path in paths] for paths in folders]
    differences = [] if names[0] == names[1] else [f"folds {names[0]} and {names[1]}"]
    arrays = 0
    for ours, theirs in zip(*folders, strict=False):
        with np.load(ours, allow_pickle=False) as first, np.load(theirs, allow_pickle=False) as second:
            for name in sorted({*first.files, *second.files}):
                if not (name in first.files and name in second.files):
                    differences.append(f"{ours.name}: only one has {name}")
                elif first[name].dtype.kind not in "SU":  # texts describe the fold in the words of each version
                    arrays += 1
                    if first[name].dtype != second[name].dtype or not np.array_equal(first[name], second[name]):
                        differences.append(f"{ours.name}: {name}")
    return f"{arrays} arrays of {len(names[0])} folds", tuple(differences)


def _columns(
    ours: pd.DataFrame, theirs: pd.DataFrame, names: Sequence[str], tolerance: float
) -> tuple[str, tuple[str, ...]]:
    differences = [] if ours["trial"].tolist() == theirs["trial"].tolist() else ["other trials"]
    for name in names:
        if name not in ours or name not in theirs:
            differences.append(f"only one has {name}")
            continue
        pairs = zip(ours["trial"], ours[name], theirs[name], strict=False)
        differences += [f"trial {i}: {name} {a} and {b}" for i, a, b in pairs if not _same(a, b, tolerance)]
    return f"{len(names)} columns of {len(ours)} trials", tuple(differences)


def _same(first: object, second: object, tolerance: float) -> bool:
    if isinstance(first, float | np.floating) and isinstance(second, float | np.floating):
        return bool(np.isclose(first, second, rtol=0, atol=tolerance, equal_nan=True))
    return bool(first == second) or bool(pd.isna(first) and pd.isna(second))  # type: ignore[call-overload]


def _reports(console: Console, this: Path, other: Path) -> tuple[str, tuple[str, ...]]:
    """Compare what this code reports of both runs: equal trials have equal tables."""
    ours, theirs = (
        _nids(console, HERE, "report", RUN, "--storage", str(storage)).partition("\nReport:")[0].splitlines()
        for storage in (this, other)
    )
    lines = max(len(ours), len(theirs))
    differing = [f"{a!r} and {b!r}" for a, b in zip(ours, theirs, strict=False) if a != b]
    return f"{lines} lines", (
        *differing,
        *([f"{len(ours)} and {len(theirs)} lines"] if len(ours) != len(theirs) else []),
    )


def _scores(console: Console, other: Path, bundle: Path, work: Path) -> tuple[str, tuple[str, ...]]:
    """Compare what both say of the same rows with the detector that the other has saved."""
    traffic = work / "traffic.csv"
    datasets.load_training("nsl-kdd-sample", rows=1000, seed=1).features.to_csv(traffic, index=False)
    tables = []
    for name, checkout in (("this", HERE), ("other", other)):
        scores = work / f"{name}.parquet"
        _nids(console, checkout, "score", str(bundle), str(traffic), "--out", str(scores))
        tables.append(pd.read_parquet(scores))
    ours, theirs = tables
    if list(ours) != list(theirs) or len(ours) != len(theirs):
        return f"{len(ours)} rows", (f"columns {list(ours)} and {list(theirs)}, {len(ours)} and {len(theirs)} rows",)
    differences = []
    for column in ours:
        if pd.api.types.is_float_dtype(ours[column]):
            largest = float((ours[column] - theirs[column]).abs().max())
            differences += [f"{column}: by up to {largest:.2g}"] if largest > ROUNDING else []
        elif count := int((ours[column] != theirs[column]).sum()):
            differences.append(f"{column}: {count} rows")
    return f"{len(ours.columns)} columns of {len(ours)} rows", tuple(differences)


def _nids(console: Console, checkout: Path, *arguments: str) -> str:
    """Run a command by the code of a checkout and return what it printed."""
    console.print(f"{'this ' if checkout == HERE else 'other'}: nids {' '.join(arguments)}", highlight=False)
    ended = subprocess.run(
        [sys.executable, "-c", "from nids.cli import main; main()", *arguments],
        env={**os.environ, "PYTHONPATH": str(checkout), "COLUMNS": "200"},
        cwd=tempfile.gettempdir(),  # nothing is imported from where the program was started
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(f"nids {' '.join(arguments)} failed:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return ended.stdout


def main() -> None:
    """Compare, print a row of a table for each check, and end with status 1 if something differs."""
    parser = argparse.ArgumentParser(
        prog="python -m nids.bench.against_checkout", description=(__doc__ or "").split(":")[0]
    )
    parser.add_argument("checkout", type=Path, help="the other checkout: a folder with a folder nids in it")
    other = parser.parse_args().checkout.resolve()
    if not (other / "nids" / "__init__.py").is_file():
        parser.error(f"{other} holds no package nids")
    differing = 0
    with tempfile.TemporaryDirectory() as work:
        for check in compare(other, Path(work), Console(stderr=True)):
            differing += bool(check.differences)
            print(f"| {check.name} | {check.compared} | {'; '.join(check.differences[:10]) or 'equal'} |", flush=True)
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
