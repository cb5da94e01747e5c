from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids import datasets
from nids.bench import many_rows
from nids.config import Data
from nids.datasets.proposal import propose

if TYPE_CHECKING:
    from pathlib import Path


def test_the_folder_is_described_and_read(tmp_path: Path) -> None:
    size = many_rows.generate(tmp_path / "flows", rows=600)
    files = sorted((tmp_path / "flows").iterdir())
    assert [file.name for file in files] == [f"day-{i}.csv" for i in range(many_rows.FILES)]
    assert size == sum(file.stat().st_size for file in files)
    tables = [pd.read_csv(file) for file in files]
    assert {table.shape for table in tables} == {(100, many_rows.COLUMNS)}
    proposed = propose([tmp_path / "flows"], "flows")
    (tmp_path / "flows.toml").write_text(proposed.text)
    assert (proposed.rows, proposed.remarks) == (600, ())
    dataset = datasets.get(str(tmp_path / "flows.toml"))
    assert len(dataset.columns) == many_rows.COLUMNS - 1
    assert set(dataset.classes) <= set(many_rows.CLASSES)
    assert len(datasets.load_for(Data(dataset=str(tmp_path / "flows.toml")), 0).label) == pytest.approx(480, rel=0.1)


def test_time_and_memory_of_a_command_and_its_processes(tmp_path: Path) -> None:
    child = "import time; kept = bytearray(b'x' * (200 << 20)); time.sleep(2)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    seconds, memory = many_rows._taken(("-c", code), tmp_path)
    assert seconds > 2
    assert 200 << 20 < memory < 400 << 20
    with pytest.raises(RuntimeError, match="what is wrong"):
        many_rows._taken(("-c", "raise SystemExit('what is wrong')"), tmp_path)
