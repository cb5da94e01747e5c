"""A folder of three million generated rows of 80 columns: time and memory of describing it and of a search on it."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.csv

from nids.bench.processes import child

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nids.bench.timing import Row

ROWS, COLUMNS, FILES = 3_000_000, 80, 6
CLASSES = ("BENIGN", "DDoS", "PortScan", "Bot", "Infiltration")
# Of 100 rows; the rarest class still has a thousandth.
SHARES = (0.80, 0.12, 0.06, 0.019, 0.001)
BLOCK = 100_000
SEARCH = (
    *(
        "folds.count=3",
        "folds.use=1",
        "folds.resampling=none",
        "training.epochs=1",
        "search.trials=1",
        "scheduler.kind=none",
    ),
    *("hyperparameters.layers=1", "hyperparameters.units=16", "hyperparameters.batch_size=4096"),
)
GIB = 1 << 30


def measure(progress: Callable[[str], object], rows: int = ROWS) -> list[Row]:
    """Describe the folder, and search on all of its rows and on a sample of each class: seconds, and most memory.

    Args:
        progress: Called with a line of text before each step.
        rows: Rows in all, a multiple of the number of files.
    """
    with tempfile.TemporaryDirectory(prefix="nids-bench-") as temporary:
        folder = Path(temporary)
        progress(f"writing {rows:,} rows × {COLUMNS} columns …")
        size = generate(folder / "flows", rows)
        measured = [(f"{FILES} files of text, {rows:,} rows × {COLUMNS} columns", f"{size / GIB:.2f} GiB")]
        data = ("--set", "data.dataset=flows.toml")
        for what, arguments in {
            "`nids data describe`": ("data", "describe", "flows"),
            "`nids search`, one fold and one trial of one epoch": (*_search("whole"), *data),
            "… of at most 10,000 rows of a class": (*_search("sample"), *data, "--set", "data.rows_per_class=10000"),
            "… with its folds in the cache": (*_search("again"), *data, "--set", "data.rows_per_class=10000"),
        }.items():
            progress(f"{what} …")
            seconds, memory = _taken(("-m", "nids", *arguments), folder)
            measured.append((what, f"{seconds:.0f} s, {memory / GIB:.2f} GiB"))
    return measured


def generate(folder: Path, rows: int) -> int:
    """Write rows of all kinds of columns into a new folder, and return the bytes of its files."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for i in range(FILES):
        first, left = True, rows // FILES
        with (folder / f"day-{i}.csv").open("wb") as file:
            while left:
                block = _block(random, min(left, BLOCK))
                pyarrow.csv.write_csv(block, file, pyarrow.csv.WriteOptions(include_header=first))
                first, left = False, left - len(block)
    return sum(path.stat().st_size for path in folder.iterdir())


def _block(random: np.random.Generator, rows: int) -> pa.Table:
    label = random.choice(len(CLASSES), rows, p=SHARES)
    columns = {"Protocol": pa.array(np.array(["tcp", "udp", "icmp"])[random.integers(0, 3, rows)])}
    for i in range(COLUMNS - 2):
        # A mean of its own for each class, too near to the others to tell the classes apart by one column.
        middle = np.random.default_rng(i).normal(size=len(CLASSES))[label]
        if i % 3 == 0:
            columns[f"count {i}"] = pa.array(random.poisson(np.exp(middle + 2)))
        elif i % 3 == 1:
            columns[f"rate {i}"] = pa.array(np.round(random.random(rows, dtype=np.float32), 4))
        else:
            columns[f"value {i}"] = pa.array(np.round(random.normal(middle, 3.0), 3))
    return pa.table({**columns, "Label": pa.array(np.array(CLASSES)[label])})


def _search(name: str) -> tuple[str, ...]:
    return ("search", "own", "--name", name, *(part for change in SEARCH for part in ("--set", change)))


def _taken(arguments: Sequence[str], folder: Path) -> tuple[float, int]:
    """Run a command of this interpreter, and return its seconds and the most memory of it and all its processes, bytes.

    Memory that several of them share counts once (proportional set size).

    Raises:
        RuntimeError: It failed; the message is the end of its output.
    """
    started, most = time.perf_counter(), 0
    with (folder / "output.txt").open("w+") as output:
        with child([sys.executable, *arguments], cwd=folder, stdout=output, stderr=output) as started_process:
            while started_process.poll() is None:
                most = max(most, _memory(psutil.Process(started_process.pid)))
                time.sleep(0.5)
        if started_process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(arguments)} failed:\n{output.read()[-2000:]}")
    return time.perf_counter() - started, most


def _memory(process: psutil.Process) -> int:
    total = 0
    with suppress(psutil.NoSuchProcess):
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += each.memory_full_info().pss
    return total
