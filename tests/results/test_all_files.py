from __future__ import annotations

from typing import TYPE_CHECKING

from nids.results.all_files import all_files
from nids.storage import Folder

if TYPE_CHECKING:
    from pathlib import Path


def test_hidden_files_count_and_links_are_not_followed(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path / "a"))
    assert all_files(folder) == {}
    for name in ("one", ".hidden", "in/two", ".hidden-folder/three"):
        folder.write(name, b"1234")
    (tmp_path / "a/circle").symlink_to(tmp_path / "a")
    sizes = all_files(folder)
    assert sizes.pop("circle") > 0
    assert sizes == {"one": 4, ".hidden": 4, "in/two": 4, ".hidden-folder/three": 4}


def test_what_was_deleted_in_an_object_store_is_no_file(bucket: Path) -> None:
    folder = Folder.from_uri("s3://bucket/runs/a")
    assert all_files(folder) == {}
    for name in ("one", ".hidden/two", "in/three"):
        folder.write(name, b"1234")
    folder.delete_file("in/three")
    assert all_files(folder) == {"one": 4, ".hidden/two": 4}
    assert (bucket / "runs/a/in/three").exists()
