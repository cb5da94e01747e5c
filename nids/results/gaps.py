"""What a run's tables once held and hold no longer: files can be deleted, and be damaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nids.command_line import command_on
from nids.config import MOST_TRIALS
from nids.errors import DamagedFileError
from nids.metrics.formatting import counted
from nids.results.run import ASKED_AT_ONCE
from nids.results.schema import TABLES, TRIALS_A_PART, part_name
from nids.threads import thread_pool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from nids.results.run import Run

MOST_SHOWN = 10  # numbers, or ranges of numbers, in a sentence


@dataclass(frozen=True)
class Gaps:
    """What a run's tables lack; false if they lack nothing.

    Attributes:
        trials: Numbers of the trials that had ended and whose results, or a part of them, are not there; sorted.
        unnumbered: How many more such trials there are, whose numbers are not known.
        faults: What is wrong with each part that cannot be read, with the cure.
        status: The same of the status.
    """

    trials: tuple[int, ...] = ()
    unnumbered: int = 0
    faults: tuple[str, ...] = ()
    status: str = ""

    def __bool__(self) -> bool:
        return bool(self.trials or self.unnumbered or self.faults or self.status)

    def readable(self) -> Gaps:
        """Return the same, if all parts can be read.

        Raises:
            DamagedFileError: One cannot.
        """
        if self.faults:
            raise DamagedFileError(self.faults[0])
        return self

    def in_words(self, run: str) -> list[str]:
        """Return sentences, each with the cure, on the run of a folder, a path or a URI; none if nothing is lacking."""
        return [sentence for sentence in (self.status, *self.faults, self.lost_in_words(run)) if sentence]

    def lost_in_words(self, run: str) -> str:
        """Return which trials of the run of a folder are lost, and the cure; nothing if none are."""
        count = len(self.trials) + self.unnumbered
        if not count:
            return ""
        which = f"Trial{'' if count == 1 else 's'} {in_ranges(self.trials)}" if self.trials else counted(count, "trial")
        if self.trials and self.unnumbered:
            which += f" and {self.unnumbered:,} more"
        return (
            f"{which} had ended, but {'its' if count == 1 else 'their'} results are lost, or a part of them; "
            f"`{command_on(run, 'resume')}` runs {'it' if count == 1 else 'them'} again."
        )


def gaps_of(run: Run, trials: pd.DataFrame | None = None, *, by_row: bool = True) -> Gaps:
    """Return what the tables of a run lack; of a run that is being written, nothing is said.

    Args:
        run: The run.
        trials: Its trials, where they have been read already.
        by_row: Whether to read all tables. Otherwise it is only asked which parts there are, with a request for each
            table: who lists many runs learns so of files that were deleted.

    Raises:
        UserError: A part of the table of trials cannot be read.
    """
    return Gaps() if run.state == "running" else gaps_at_rest(run, trials, by_row=by_row)


def gaps_at_rest(run: Run, trials: pd.DataFrame | None = None, *, by_row: bool = True) -> Gaps:
    """Return what the tables of a run lack that no driver is writing, whatever its status says; see ``gaps_of``."""
    trials = run.trials() if trials is None else trials
    ended = trials[trials["state"] != "RUNNING"]
    with_results = ended.loc[ended["best_epoch"].notna(), "trial"].to_numpy(dtype=int)
    names, faults = dict[str, list[str]](), list[str]()
    for name in TABLES:
        try:
            if name != "trials":
                names[name] = run.part_names(name)
        except DamagedFileError as error:
            faults.append(str(error))
    read = _trials_in(run, names, faults) if by_row else {}
    lost, told = set[int](), set[int]()
    for name, parts in names.items():
        numbers = {number for part in parts for number in read.get((name, part)) or ()}
        told |= numbers
        # A run may have no rows of a kind at all; of a part that cannot be read, its fault is told.
        by_part = {part for part in parts if not numbers or read[name, part] is None}
        lost |= {
            number
            for number in with_results.tolist()
            if number not in numbers and part_name(number // TRIALS_A_PART) not in by_part
        }
    counts, finished = run.status.trials, run.status.state == "finished"
    known = {*trials["trial"].tolist()}
    expected = max((*(number + 1 for number in known | told), counts.ended if finished else 0))
    expected = min(expected, MOST_TRIALS)
    # A driver that was killed may have asked for trials of which it never came to write: nothing is lost with these.
    are_lost = finished or run.status.updated is None or len(ended) < counts.ended
    absent = {number for number in range(expected) if number not in known and (are_lost or number in told)}
    unnumbered = max(counts.ended - len(ended) - len(absent), 0)
    return Gaps(tuple(sorted(lost | absent)), unnumbered, tuple(faults), run.status_fault)


def _trials_in(
    run: Run, names: Mapping[str, Sequence[str]], faults: list[str]
) -> dict[tuple[str, str], set[int] | None]:
    """Return for each table and part the trials that it has rows of; None, and a fault, where it cannot be read."""

    def read(of: tuple[str, str]) -> set[int] | DamagedFileError:
        try:
            return {*run.part(*of)["trial"].unique().to_pylist()}
        except DamagedFileError as error:
            return error

    parts = [(name, part) for name, of_table in names.items() for part in of_table]
    # An object store takes a while for each answer, and gives many at once.
    with thread_pool(ASKED_AT_ONCE) as pool:
        found = [*pool.map(read, parts)]
    faults += [str(error) for error in found if isinstance(error, DamagedFileError)]
    return {of: None if isinstance(each, DamagedFileError) else each for of, each in zip(parts, found, strict=True)}


def in_ranges(numbers: Iterable[int]) -> str:
    """Return sorted numbers in words: ``3, 7, 100 to 199``; of very many ranges, the first ones."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    texts = [
        str(first) if first == last else f"{first}{' to ' if last > first + 1 else ', '}{last}"
        for first, last in ranges
    ]
    return ", ".join(texts[:MOST_SHOWN]) + (", …" if len(texts) > MOST_SHOWN else "")
