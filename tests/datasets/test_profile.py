from __future__ import annotations

from typing import TYPE_CHECKING

from nids.datasets import profile as profile_module
from nids.datasets.profile import profile

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_is_remembered_of_texts_and_rows_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "flows.csv"
    rows = "".join(f"{i},{i}{'y' * 500},ok\n" for i in range(3_000))
    path.write_text(f"number,text,label\n{rows}", encoding="utf-8")
    whole = profile([path], 50).columns["text"]
    assert len(whole.texts) == 3_000
    assert max(map(len, whole.texts)) == 200
    monkeypatch.setattr(profile_module, "_KEPT_IN_ALL", 300)
    monkeypatch.setattr(profile_module, "_FEWEST_KEPT", 80)
    monkeypatch.setattr(profile_module, "_LARGEST_SAMPLE", 0)
    monkeypatch.setattr("nids.datasets.io.text_batches.ROWS", 1_000)
    bounded = profile([path], 50)
    assert len(bounded.columns["text"].texts) == 200  # none more once there are more than 100
    assert len(bounded.columns["text"].spellings) == 100
    assert (bounded.rows, len(bounded.sample)) == (3_000, 50)


def test_the_spellings_of_numbers_that_overflow_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    spellings = ["?", "1" + "0" * 400, *(f"1e{400 + i}" for i in range(500))]
    path.write_text("".join(f"{each},ok\n" for each in ("number", *spellings, *range(900))), encoding="utf-8")
    looked = profile([path], 50).columns["number"]
    assert looked.missing == ["?", *(f"1e{400 + i}" for i in range(99))]
    assert (looked.rows, looked.high) == (900, 899.0)
