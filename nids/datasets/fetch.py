"""Published files → the user's cache, from mirrors or a copy at hand; nothing unverified appears there."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from nids.datasets.download import HostError, MirrorError, download
from nids.datasets.io.archive import data_path
from nids.datasets.io.compression import unpacked
from nids.datasets.io.content import opened, sha256_of, written_whole
from nids.datasets.locate import FOLDER_VARIABLE, cache_folder, find, is_data_file
from nids.errors import UserError
from nids.progress import ProgressDisplay

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.source_file import SourceFile


MB = 1e6


def fetch(
    dataset: DatasetSpec,
    *,
    source: Path | None = None,
    mirrors: Sequence[str] | None = None,
    folder: Path | None = None,
    console: Console,
) -> list[Path]:
    """Bring the files of a data set into the cache and return where they are, in the data set's order.

    Args:
        dataset: The data set.
        source: A file, or a folder or zip archive with some of the files, to copy from rather than download.
        mirrors: Addresses to download from, in order, with ``{filename}``; ``None`` for the data set's.
        folder: Where to put the files; ``None`` for the user's cache.
        console: Where progress is shown.

    Raises:
        UserError: The data set is generated; a file could not be had from any mirror, with what was tried; or
            ``source`` holds none of the files, or one with another content.
    """
    if not dataset.files:
        raise UserError(f"{dataset.name} is generated: there is nothing to fetch.")
    if not any(file.sha256 for file in dataset.files) or (source is None and not (mirrors or dataset.mirrors)):
        names = ", ".join(file.filename for file in dataset.files)
        raise UserError(
            f"{names}: cannot be downloaded, as no address is known. Get it from its authors, and name its folder by "
            f"--data or {FOLDER_VARIABLE}; of a data set of your own, put it beside its description."
        )
    folder = folder or cache_folder(dataset)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if source is not None:
            return _copy(dataset, source, folder, console)
        return _download(dataset, mirrors or dataset.mirrors, folder, console)
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be written: {error.strerror or error}. Make it writable or make space."
        ) from error


def _copy(dataset: DatasetSpec, source: Path, folder: Path, console: Console) -> list[Path]:
    paths = _verified(dataset, source)
    for file in dataset.files:
        if file in paths:
            with (
                written_whole(folder / file.filename) as copy,
                opened(paths[file]) as original,
                unpacked(original) as content,
            ):
                shutil.copyfileobj(content, copy)
        else:
            console.print(f"{source} holds no {file.filename}")
    return [folder / file.filename for file in paths]


def _verified(dataset: DatasetSpec, source: Path) -> dict[SourceFile, DataPath]:
    """Return where ``source`` holds which files, in the data set's order."""
    if is_data_file(source):
        path = data_path(source)
        sha256 = sha256_of(path)
        file = dataset.file_with(sha256)
        if file is None:
            raise UserError(
                f"{source}: is not a published file of {dataset.name} (SHA-256 {sha256[:12]}…). "
                "Only those are cached; give other data where they are used."
            )
        return {file: path}
    paths: dict[SourceFile, DataPath] = {}
    for file in dataset.files:
        if found := find(dataset, file, source, any_form=False):
            sha256 = sha256_of(found)
            if sha256 != file.sha256:
                raise UserError(
                    f"{source}: {file.filename} has SHA-256 {sha256[:12]}…, but the published "
                    f"file has {file.sha256[:12]}…. Get another copy."
                )
            paths[file] = found
    if not paths:
        names = ", ".join(file.filename for file in dataset.files)
        raise UserError(f"{source}: holds none of {names}. Give a file, folder or zip archive that does.")
    return paths


def _download(dataset: DatasetSpec, mirrors: Sequence[str], folder: Path, console: Console) -> list[Path]:
    paths = {file: folder / file.filename for file in dataset.files}
    silent: dict[str, HostError] = {}
    with ProgressDisplay(console, len(paths), "files", time_left=False) as display:
        for file, path in paths.items():
            if not _is_cached(file, path):
                _try_in_turn(dataset, mirrors, file, path, display=display, silent=silent)
            display.advance()
    return list(paths.values())


def _is_cached(file: SourceFile, path: Path) -> bool:
    return path.is_file() and sha256_of(path) == file.sha256


def _try_in_turn(
    dataset: DatasetSpec,
    mirrors: Sequence[str],
    file: SourceFile,
    path: Path,
    *,
    display: ProgressDisplay,
    silent: dict[str, HostError],
) -> None:
    """Download a file from the first mirror that has it; hosts that do not answer are added to ``silent``."""
    tried = []
    for mirror in mirrors:
        url = mirror.format(filename=quote(file.filename))
        host = urlsplit(url).netloc

        def report(received: int, expected: int | None) -> None:
            size = "" if expected is None else f" of {expected / MB:.1f}"
            display.describe(f"{file.filename} · {received / MB:.1f}{size} MB")

        try:
            if host in silent:
                raise silent[host]
            download(url, file.sha256, path, report)
            return
        except MirrorError as error:
            tried.append(f"  {url}: {error}\n")
            if isinstance(error, HostError):
                silent[host] = error
    named = os.environ.get(FOLDER_VARIABLE)
    unlike = f" ({named} does not)" if named else ""
    raise UserError(
        f"{file.filename} could not be downloaded. Tried:\n{''.join(tried)}"
        f"Try again later; or get the file elsewhere and run `nids data fetch {dataset.name} --from PATH` "
        f"(a file, folder or zip archive), or set {FOLDER_VARIABLE} to a folder that holds it{unlike}."
    )
