from __future__ import annotations

import io

from rich.console import Console

from nids.cli.data import show
from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.describe import Check


def test_show() -> None:
    check = Check(
        name="traffic.txt",
        dataset=DATASET,
        sha256="ab12",
        identity="none of the published files of nsl-kdd",
        rows=6,
        classes={"Normal": 2, "DoS": 4, "U2R": 0},
        attacks={("Normal", "normal"): 2, ("DoS", "smurf"): 3, ("DoS", "worm"): 1},
        oddities=("3 rows repeat the features of an earlier row",),
    )
    printed = io.StringIO()
    show(check, Console(file=printed, width=120))
    lines = [" ".join(line.split()) for line in printed.getvalue().splitlines()]
    assert lines[:2] == ["traffic.txt: 6 rows, none of the published files of nsl-kdd", "SHA-256 ab12"]
    assert {"class rows share", "DoS 4 66.67 %", "U2R 0 0.00 %", "attack class rows", "smurf DoS 3"} <= set(lines)
    assert lines[-2:] == ["Warnings; the file is valid:", "- 3 rows repeat the features of an earlier row"]
