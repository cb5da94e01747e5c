from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING

import pytest
from pyarrow import fs

from nids.errors import NotAFileError, StorageError, UserError
from nids.storage import Folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["local disk", "another file system", "in memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    if request.param == "local disk":
        return Folder.from_uri(str(tmp_path / "runs"))
    if request.param == "another file system":
        return Folder(fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem()), "runs")
    return Folder(fs._MockFileSystem(), "runs")


def test_what_is_written_is_read(folder: Folder) -> None:
    folder.write("a.json", b"first")
    folder.write("a.json", memoryview(b"second"))
    assert folder.read("a.json") == b"second"
    assert folder.names() == ["a.json"]


def test_folders_come_with_the_files_in_them(folder: Folder) -> None:
    inner = folder.folder("run").folder("trials")
    assert not folder.exists()
    assert not inner.exists()
    assert inner.names() == []
    inner.write("part-1.parquet", b"1")
    inner.write("part-0.parquet", b"0")
    inner.write("notes.txt", b"")
    assert inner.path == f"{folder.path}/run/trials"
    assert inner.names(".parquet") == ["part-0.parquet", "part-1.parquet"]
    assert inner.names() == ["notes.txt", "part-0.parquet", "part-1.parquet"]
    assert folder.names() == ["run"]
    assert folder.exists("run/trials/part-0.parquet")
    assert not folder.exists("run/trials/part-2.parquet")


def test_all_files_below_a_folder_have_a_version(folder: Folder) -> None:
    assert folder.versions() == {}
    folder.write("b.json", b"12")
    folder.folder("run").folder("trials").write("part-0.parquet", b"123")
    folder.folder("run").write(".hidden", b"")
    folder.folder(".other").write("file", b"")
    first = folder.versions()
    assert list(first) == ["b.json", "run/trials/part-0.parquet"]
    assert [size for _, size in first.values()] == [2, 3]
    assert folder.folder("run").versions() == {"trials/part-0.parquet": first["run/trials/part-0.parquet"]}
    folder.write("b.json", b"1234")
    second = folder.versions()
    assert second["b.json"] != first["b.json"]
    assert second["run/trials/part-0.parquet"] == first["run/trials/part-0.parquet"]


def test_of_folders_that_lead_in_a_circle_each_file_has_one_version(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path / "runs"))
    folder.write("run/a.json", b"1")
    (tmp_path / "runs" / "run" / "again").symlink_to(tmp_path / "runs", target_is_directory=True)
    (tmp_path / "runs" / "b.json").symlink_to(tmp_path / "runs" / "run" / "a.json")
    assert list(folder.versions()) == ["b.json", "run/a.json"]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder.from_uri(str(tmp_path / "runs"))
    folder.write("a.json", b"1")
    folder.write("closed/b.json", b"1")
    listed = os.scandir

    # The rights of a folder are nothing to the user root, whom tests may run as.
    def refused(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", refused)
    faults: list[str] = []
    assert list(folder.versions(faults)) == ["a.json"]
    assert faults == [f"{tmp_path}/runs/closed: cannot be listed (Permission denied)."]
    with pytest.raises(UserError, match="closed: cannot be used as storage"):
        folder.folder("closed").versions()


def test_a_file_that_is_not_there_is_not_found(folder: Folder) -> None:
    folder.write("a", b"")
    with pytest.raises(FileNotFoundError):
        folder.read("b")


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "status.json").mkdir()
    with pytest.raises(NotAFileError) as caught:
        Folder.from_uri(str(tmp_path)).read("status.json")
    assert str(caught.value) == f"{tmp_path}/status.json: this is a folder, where a file belongs. Move it away."


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "status.json")
    with pytest.raises(NotAFileError, match="this is a device or a pipe, where a file belongs"):
        Folder.from_uri(str(tmp_path)).read("status.json")


def test_a_file_that_is_larger_than_it_may_be_is_not_read(folder: Folder) -> None:
    folder.write("status.json", b"1234")
    assert folder.read("status.json", largest=4) == b"1234"
    with pytest.raises(NotAFileError) as caught:
        folder.read("status.json", largest=3)
    assert str(caught.value) == (
        f"{folder.path}/status.json: 4 bytes, where a file of at most 3 belongs. Move it away."
    )


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path))
    with pytest.raises(StorageError) as caught, folder.explained():
        raise PermissionError(errno.EACCES, "Permission denied", "status.json")
    assert str(caught.value) == (
        f"{tmp_path}: cannot be used as storage ([Errno 13] Permission denied: 'status.json'). Change its permissions, "
        "or name another with --storage."
    )


def test_a_file_is_moved_into_a_folder_that_is_made(folder: Folder) -> None:
    folder.write("trials/part-0.parquet", b"0")
    folder.move("trials/part-0.parquet", "damaged/trials/part-0.parquet")
    assert folder.read("damaged/trials/part-0.parquet") == b"0"
    assert not folder.exists("trials/part-0.parquet")


def test_delete_removes_all_and_does_not_mind_that_nothing_is_there(folder: Folder) -> None:
    folder.delete()
    folder.write("a", b"")
    folder.folder("b").write("c", b"")
    folder.delete()
    assert not folder.exists()
    assert folder.names() == []


def test_only_a_local_disk_is_local(tmp_path: Path) -> None:
    assert Folder.from_uri(str(tmp_path)).is_local
    assert Folder.from_uri(f"file://{tmp_path}").is_local
    assert not Folder.from_uri("mock://bucket/runs").is_local


def test_a_path_may_be_relative_or_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert Folder.from_uri("runs").path == str(tmp_path / "runs")
    assert Folder.from_uri("~/runs").path == str(tmp_path / "home" / "runs")


@pytest.mark.parametrize("uri", ["nosuch://bucket/runs", "://runs"])
def test_a_uri_of_an_unknown_kind_is_refused(uri: str) -> None:
    with pytest.raises(UserError) as caught:
        Folder.from_uri(uri)
    assert str(caught.value).startswith(f"{uri}: cannot be used as storage (")
    assert str(caught.value).endswith("). Give a folder's path or a URI such as s3://bucket/runs.")


def test_a_reader_sees_the_old_or_the_new_file_whole(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path))
    contents = [bytes([number]) * 300_000 for number in range(100)]
    folder.write("part", contents[0])
    ended = threading.Event()

    def write() -> None:
        for content in contents:
            folder.write("part", content)
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = []
    while not ended.is_set():
        seen.append(folder.read("part"))
        assert folder.names() == ["part"]
    writer.join()
    assert seen
    assert set(seen) <= set(contents)
    assert [contents.index(content) for content in seen] == sorted(contents.index(content) for content in seen)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path))
    folder.write("part", b"old")
    with pytest.raises(TypeError):
        folder.write("part", 3)  # type: ignore[arg-type]
    assert folder.read("part") == b"old"
    assert os.listdir(tmp_path) == ["part"]  # noqa: PTH208 - hidden files too


def test_a_rename_that_fails_leaves_nothing(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path))
    folder.write("part/inner", b"")
    with pytest.raises(StorageError, match="part"):
        folder.write("part", b"a folder stands in its place")
    assert os.listdir(tmp_path) == ["part"]  # noqa: PTH208 - hidden files too


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(UserError, match="the storage's name is empty"):
        Folder.from_uri("")


def test_a_file_in_the_place_of_a_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    folder = Folder.from_uri(str(tmp_path / "runs"))
    for attempt in (lambda: folder.folder("a").write("b", b""), folder.names):
        with pytest.raises(UserError, match=r"cannot be used as storage \(.*\)\. Name another with --storage\."):
            attempt()
    assert (tmp_path / "runs").read_text() == "a file"


def test_a_place_where_no_folder_can_be_made_is_refused() -> None:
    with pytest.raises(UserError, match=r"^/proc/nowhere/a: cannot be used as storage \(.*\)\. Name another"):
        Folder.from_uri("/proc/nowhere/a").write("manifest.json", b"{}")


def test_refuse_if_unwritable_leaves_nothing(tmp_path: Path) -> None:
    for name in ("", "a/b/c"):
        Folder.from_uri(str(tmp_path / name)).refuse_if_unwritable()
    assert list(tmp_path.iterdir()) == []


def test_refuse_if_unwritable_names_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("file", "file/runs"):
        with pytest.raises(StorageError) as caught:
            Folder.from_uri(str(tmp_path / name)).refuse_if_unwritable()
        reason = f"{tmp_path / 'file'} is a file"
        assert str(caught.value) == (
            f"{tmp_path / name}: cannot be used as storage ({reason}). Name another with --storage."
        )


@pytest.mark.usefixtures("bucket")
def test_refuse_if_unwritable_asks_an_object_store() -> None:
    there = Folder.from_uri("s3://bucket/runs")
    there.refuse_if_unwritable()
    assert there.names() == []
    with pytest.raises(StorageError, match=r"s3://none/runs: cannot be used as storage \(there is no bucket none\)"):
        Folder.from_uri("s3://none/runs").refuse_if_unwritable()


@pytest.mark.usefixtures("bucket")
def test_what_a_store_holds_is_still_found_when_a_part_of_it_is_deleted_or_moved() -> None:
    runs = Folder.from_uri("s3://bucket/runs")
    run = runs.folder("one")
    for name in ("manifest.json", "trials/part-0", "trials/part-1", "bundle/weights", "final/unfinished/model"):
        run.write(name, b"1")
    run.folder("bundle").delete()
    run.folder("final/unfinished").delete()
    run.delete_file("trials/part-1")
    run.move("trials/part-0", "damaged/part-0")
    assert (runs.names(), run.exists("manifest.json")) == (["one"], True)
    assert [*run.versions()] == ["damaged/part-0", "manifest.json"]
    assert (run.folder("trials").names(), run.folder("damaged").names()) == ([], ["part-0"])
    assert (run.exists("trials/part-1"), run.exists("bundle/weights")) == (False, False)
    with pytest.raises(FileNotFoundError, match="runs/one/bundle/weights has been deleted"):
        run.read("bundle/weights")
    run.write("bundle/weights", b"2")
    assert (run.read("bundle/weights"), run.read("damaged/part-0")) == (b"2", b"1")
    runs.folder("two").delete()
    assert runs.names() == ["one"]
