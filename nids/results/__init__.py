"""The run store: one folder a run, that anyone may read at any moment while one driver writes it.

==============================  ========================================================================================
``manifest.json``               what was searched: job, data and their hashes, folds, space, versions, machine, seed
``status.json``                 where the search stands, and its cluster; renewed every few seconds while it runs
``driver.json``                 the process that has the run, with its token: whoever finds another there writes no more
``trials/part-*.parquet``       a row a trial: state, value, hyperparameters, means over the folds and their spread
``classes/part-*.parquet``      a row a trial × fold × class, at the trial's best epoch
``confusions/part-*.parquet``   a row a trial × fold × actual class × predicted class, at the trial's best epoch
``attacks/part-*.parquet``      a row a trial × fold × attack type of the validation part, at the trial's best epoch
``curves/part-*.parquet``       a row a trial × fold × epoch
``.checkpoints/``               of each running trial, what it goes on from once it was interrupted
``final/``                      the finalized trial: ``evaluation.json``, out-of-fold and held-out predictions;
                                while it is made, the models that are done: ``unfinished/``
``baselines/``                  other models on the same folds: ``folds.parquet``, ``evaluation.json``; of those that
                                were tuned, what was tried: ``tuning.parquet``
``learned.json``                what the search had from earlier ones before its first trial
``repeats.parquet``             a row for each time that one of its best trials was trained again
``rank_correlation/``           what this run's folds and others' say of the same trials, beside the held-out rows
``bundle/``                     its detector (``nids.detector.bundle``)
``notes.json``                  what people say of it: a note, and tags
``study.journal``               the Optuna study, for Optuna's own tools (``JournalStorage``)
``damaged/``                    what ``nids repair`` moved away because it could not be read
==============================  ========================================================================================

Writer: the driver of the search, and nobody else while it runs; afterwards ``nids finalize``, ``baselines`` and
``correlate`` add their folders and, in the manifest, ``test_set_accesses``: each time that held-out rows were read.
``notes.json`` is written at any time, by whoever has something to say.
Readers: any number, with no code of this project if they like (``pandas.read_parquet("RUN/trials")``). Each file
appears by rename, or as one object, so whatever a reader opens is complete; files of different tables may differ by the
trial that is just being written. A part holds ``TRIALS_A_PART`` trials and is rewritten when one of them changes, so
that the cost of a change does not grow with the number of trials.

Others can delete and damage files. ``gaps.gaps_of`` tells which trials are lost with them, and which parts cannot be
read; ``nids.search.repair`` makes the status and the study again from the tables, and a resumed search runs lost trials
again, under their numbers. A search is only said to be finished if its tables hold all trials.
"""

from nids.results.manifest import FORMAT, HeldOutAccess, RunManifest
from nids.results.run import ASKED_AT_ONCE, RANK_CORRELATION, UNFINISHED, Run
from nids.results.runs import find_run, names_in, new_run, open_run, refuse_if_there, run_names
from nids.results.schema import SECONDS, TABLES, Rows
from nids.results.status import RunStatus
from nids.results.writer import RunWriter, file_name, record_test_access, write_table

__all__ = [
    "ASKED_AT_ONCE",
    "FORMAT",
    "RANK_CORRELATION",
    "SECONDS",
    "TABLES",
    "UNFINISHED",
    "HeldOutAccess",
    "Rows",
    "Run",
    "RunManifest",
    "RunStatus",
    "RunWriter",
    "file_name",
    "find_run",
    "names_in",
    "new_run",
    "open_run",
    "record_test_access",
    "refuse_if_there",
    "run_names",
    "write_table",
]
