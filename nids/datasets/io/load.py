"""A data file → labelled rows, or one message about the first thing that is wrong in it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pandas as pd

from nids.datasets.io.checks import fields_of
from nids.datasets.io.compression import unpacked
from nids.datasets.io.content import data_files, opened, sha256_of
from nids.datasets.io.stream import stream
from nids.datasets.io.text import whole_text
from nids.datasets.traffic import Traffic, joined
from nids.errors import UserError
from nids.memory import usable_memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nids.datasets.io.chunks import Chunk
    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec

# Bytes of a file's content up to which it is read as one part.
LARGEST_WHOLE = 1 << 28


def load(path: DataPath, dataset: DatasetSpec) -> Traffic:
    """Return the labelled rows of a file, or of all data files of a folder; arguments and errors as for ``parts``."""
    return joined([*held(part for file in data_files(path) for part in parts(file, dataset))])


def held(parts: Iterable[Traffic]) -> Iterator[Traffic]:
    """Yield parts that are to be held all at once.

    Raises:
        UserError: They take more than half of the memory that this process may use: they could not be put together. A
            small file may hold very many rows.
    """
    memory = usable_memory()
    rows = taken = 0
    for part in parts:
        rows += len(part.features)
        taken += int(part.features.memory_usage().sum())
        if taken > memory / 2:
            raise UserError(
                f"{part.source}: the first {rows:,} rows take {taken / 2**30:,.1f} GiB, more than half of this "
                f"machine's memory. Take at most some rows of each class by data.rows_per_class, or a larger machine."
            )
        yield part


def parts(path: DataPath, dataset: DatasetSpec) -> Iterator[Traffic]:
    """Yield the labelled rows of a file, in any form that ``nids.datasets.io.stream.stream`` reads.

    All of them come at once, but those of a large file in several parts, each of which takes little memory.

    Args:
        path: The file, on disk or inside a zip archive.
        dataset: What its columns mean; its first label map tells the classes. A label that only another one knows is
            refused with that one's name.

    Raises:
        UserError: The file is not what its name says, or a value breaks a rule of its column; the message then names
            file, line, column, value, rule and remedy.
    """
    with opened(path) as file, unpacked(file) as stored:
        content = stored.read(LARGEST_WHOLE + 1)
    whole = len(content) <= LARGEST_WHOLE
    sha256 = hashlib.sha256(content).hexdigest() if whole else sha256_of(path)
    _refuse_another_files_name(path, sha256, dataset)
    known = dataset.file_with(sha256)
    source, labelled = known.name if known else path.name, dataset.labelled_by()
    if whole:
        table = whole_text(path.name, content, dataset, fields_of(dataset, labelled=True))
        if table is None or table.empty:
            table = pd.concat(_tables(path, dataset), ignore_index=True)
        yield Traffic.from_table(table, labelled, source, sha256)
    else:
        del content
        for table in _tables(path, dataset):
            yield Traffic.from_table(table, labelled, source, sha256)


def _tables(path: DataPath, dataset: DatasetSpec) -> Iterator[pd.DataFrame]:
    chunks = stream(path, dataset, labelled=True)
    rows = 0
    for chunk in chunks:
        if chunk.rejects:
            raise UserError(f"{path.name}, {_first_fault(chunk, chunks)}")
        rows += len(chunk.table)
        yield chunk.table
    if not rows:
        raise UserError(f"{path.name}: holds no rows. Give a file with some, or copy or download it again.")


def _refuse_another_files_name(path: DataPath, sha256: str, dataset: DatasetSpec) -> None:
    named, known = dataset.file_at(str(path)), dataset.file_with(sha256)
    if named and known and named != known:
        raise UserError(
            f"{path.name}: has the content of {known.filename} (SHA-256 {sha256[:12]}…), not of "
            f"{named.filename}. Rename it to {known.filename}, or copy or download {named.filename} again."
        )


def _first_fault(chunk: Chunk, following: Iterator[Chunk]) -> str:
    """Return the place of a chunk's first reject, what is wrong there, and what to do about it."""
    reject = chunk.rejects[0]
    match reject.problem:
        case "encoding":
            return f"{reject.location}: {reject.fault}. Save it as UTF-8, or copy or download it again."
        case "label map":
            return f"{reject.location}: {reject.fault}. Set data.class_map, or --class-map, to that one."
        case "repeated header":
            return f"{reject.location}: {reject.fault}. Remove this line: only the first one may name the columns."
        case "too few columns":
            last = max([*chunk.numbers, *(other.number for other in chunk.rejects)])
            if reject.number == last and next(following, None) is None:
                return f"{reject.location}: {reject.fault}: the file is cut off. Copy or download it again."
    return f"{reject.location}: {reject.fault}. Correct or remove the {reject.unit}."
