from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from nids.errors import DamagedFileError, UserError
from nids.results import Run, RunWriter
from nids.results.notes import FILE, LONGEST_NOTE, MOST_TAGS, Notes, change_tags, notes_of, write_note
from nids.storage import Folder
from tests.manifests import a_manifest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["local disk", "object store"])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    storage = str(tmp_path)
    if request.param == "object store":
        request.getfixturevalue("bucket")
        monkeypatch.setattr("nids.results.ownership.SETTLES", 0.0)
        storage = "s3://bucket/runs"
    folder = Folder.from_uri(f"{storage}/a-run")
    RunWriter(folder, a_manifest())
    return Run(folder)


@pytest.fixture
def local(tmp_path: Path) -> Run:
    RunWriter(folder := Folder.from_uri(str(tmp_path / "a-run")), a_manifest())
    return Run(folder)


def test_what_is_said_is_read_and_what_is_no_longer_said_leaves_no_file(run: Run) -> None:
    assert notes_of(run) == Notes()
    write_note(run, " before the new sensors\nin spring ")
    assert change_tags(run, ["b", "a", "b"]) == ("a", "b")
    assert change_tags(run, ["c"]) == ("a", "b", "c")
    assert notes_of(run) == Notes(note="before the new sensors\nin spring", tags=("a", "b", "c"))
    assert change_tags(run, ["a", "c"], remove=True) == ("b",)
    write_note(run, " ")
    assert notes_of(run) == Notes(tags=("b",))
    change_tags(run, ["b"], remove=True)
    assert (run.has_file(FILE), notes_of(run)) == (False, Notes())


def test_tags_that_are_added_at_once_are_all_kept(local: Run) -> None:
    tags = [f"tag-{number:02}" for number in range(20)]
    with ThreadPoolExecutor(4) as threads:
        [*threads.map(lambda tag: change_tags(local, [tag]), tags)]
    assert notes_of(local).tags == tuple(tags)


@pytest.mark.parametrize("tag", ["", "two words", "a\n", "-x", "ä", "x" * 51, "\ud800"])
def test_what_is_no_tag_is_refused(local: Run, tag: str) -> None:
    with pytest.raises(UserError, match=r" is no tag: use at most 50 letters, digits and \. _ - only"):
        change_tags(local, ["sound", tag])
    assert notes_of(local) == Notes()


def test_too_much_is_refused(local: Run) -> None:
    change_tags(local, [f"t{number}" for number in range(MOST_TAGS)])
    with pytest.raises(UserError, match=f"would have {MOST_TAGS + 1} tags: at most {MOST_TAGS} are kept"):
        change_tags(local, ["more"])
    with pytest.raises(UserError, match=r"the note has 4,001 characters: give at most 4,000\."):
        write_note(local, "x" * (LONGEST_NOTE + 1))
    with pytest.raises(UserError, match="is not text in UTF-8"):
        write_note(local, "\ud800")
    assert notes_of(local).note == ""
    write_note(local, "\x00" * LONGEST_NOTE)  # which takes six bytes each
    assert notes_of(local).note == "\x00" * LONGEST_NOTE


def test_a_tag_that_is_not_there_cannot_be_taken_away(local: Run) -> None:
    change_tags(local, ["here", "there"])
    with pytest.raises(UserError, match=re.escape("has no tag 'nowhere'. Its tags: here, there.")):
        change_tags(local, ["here", "nowhere"], remove=True)
    assert notes_of(local).tags == ("here", "there")


@pytest.mark.parametrize(
    "content",
    [
        *("", "[", "[]", "3", '{"tags": "abc"}', '{"note": 3}', '{"other": ""}', '{"tags": ["two words"]}'),
        json.dumps({"tags": ["x"] * (MOST_TAGS + 1)}),
        json.dumps({"note": "x" * (LONGEST_NOTE + 1)}),
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_named_with_its_cure(local: Run, content: str) -> None:
    local.folder.write(FILE, content.encode())
    with pytest.raises(DamagedFileError, match=r"a-run/notes\.json: "):
        notes_of(local)
