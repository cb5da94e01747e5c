from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nids.search.temporary_folder import temporary_folder

# Ends by the signal that is its own last word.
DRIVER = """
import os, signal
from nids.search.temporary_folder import temporary_folder
with temporary_folder("study") as folder:
    (folder / "study.journal").touch()
    print(folder, flush=True)
    input()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_what_a_killed_driver_has_left_is_deleted_by_the_next_one_and_that_of_a_living_one_is_not(place: Path) -> None:
    (place / "nids-study-of-another-program").mkdir()
    driver = subprocess.Popen([sys.executable, "-c", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    path = driver.stdout.readline().strip()
    with temporary_folder("tune") as own:
        assert {str(found) for found in place.iterdir()} == {
            path,
            str(own),
            str(place / "nids-study-of-another-program"),
        }
    driver.communicate("\n")
    left = {found.name for found in Path(path).iterdir()}
    assert (driver.returncode, left) == (-signal.SIGKILL, {"study.journal", "in-use"})
    with temporary_folder("tune") as own:
        (own / "file").touch()
        assert {found.name for found in place.iterdir()} == {own.name, "nids-study-of-another-program"}
    assert [found.name for found in place.iterdir()] == ["nids-study-of-another-program"]
