from __future__ import annotations

import json
import os
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids.command_line import command, command_on
from nids.errors import DamagedFileError, RunNotFoundError, UserError
from nids.results import SECONDS, TABLES, Run, RunWriter, new_run, open_run, ownership, run_names, write_table
from nids.results.driver_process import owner
from nids.results.manifest import MEASURES_OF_FORMAT_3
from nids.results.run import SILENCE
from nids.results.schema import TRIALS_A_PART
from nids.results.status import Node, Owner, RunStatus, State, TrialCounts
from nids.search_space import describe
from nids.storage import Folder
from tests.manifests import NO_TRIALS, OWNER, a_manifest

if TYPE_CHECKING:
    from pathlib import Path

SPACE = {
    "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
    "conv_kernel_size": IntDistribution(3, 48),
    "attention": CategoricalDistribution(["dot", "additive"]),
    "batch_size": CategoricalDistribution([64, 128]),
}
MANIFEST = a_manifest(space=describe(SPACE), folds={"notes": ["größer"]})
STARTED = datetime(2026, 11, 23, 20, 0, 0, 250_000, tzinfo=UTC)


def rows_of(trial: int, state: str = "COMPLETE") -> dict[str, list[dict[str, Any]]]:
    """All rows of a trial of two folds and two classes, each value another one."""
    running = state == "RUNNING"
    row = {
        "trial": trial,
        "state": state,
        "value": None if running else 0.1 + trial,
        "best_epoch": None if running else 2,
        "epochs": None if running else 3,
        "started": STARTED + timedelta(seconds=trial),
        "ended": None if running else STARTED + timedelta(seconds=trial + 9.5),
        "seconds": None if running else 9.5,
        "error": "the training loss became nan" if state == "FAIL" else None,
        "duplicate_of": None,
        "system_attrs": None if running else '{"noted": 1}',
        **{
            f"{name}{suffix}": None if running else trial + i / 16 + j / 64
            for i, name in enumerate(MEASURES_OF_FORMAT_3)
            for j, suffix in enumerate(("", "_std"))
        },
        "params_learning_rate": 0.0018285312453719437,
        "params_conv_kernel_size": 3 + trial % 40,
        "params_attention": ["dot", "additive"][trial % 2],
        "params_batch_size": 128,
    }
    if running:
        return {"trials": [row], "classes": [], "confusions": [], "attacks": [], "curves": []}
    classes = ("Normal", "U2R")
    return {
        "trials": [row],
        "classes": [
            {
                "trial": trial,
                "fold": fold,
                "class": name,
                "precision": 0.5,
                "recall": 0.25 + fold,
                "f1": 1 / 3,
                "false_positive_rate": 0.0625,
                "support": 7 + trial,
            }
            for fold in range(2)
            for name in classes
        ],
        "confusions": [
            {"trial": trial, "fold": fold, "actual": actual, "predicted": predicted, "count": 10 * trial + fold}
            for fold in range(2)
            for actual in classes
            for predicted in classes
        ],
        "attacks": [
            {
                "trial": trial,
                "fold": fold,
                "attack": attack,
                "class": "Normal" if attack == "normal" else "U2R",
                "unseen": attack == "perl",
                "rows": 5 + trial,
                "detected": fold,
                "correct": 2,
            }
            for fold in range(2)
            for attack in ("normal", "perl")
        ],
        "curves": [
            {
                "trial": trial,
                "fold": fold,
                "epoch": epoch,
                "training_loss": 1 / epoch,
                **{name: fold + i / 8 for i, name in enumerate(MEASURES_OF_FORMAT_3)},
                **{name: 0.75 + i for i, name in enumerate(SECONDS)},
            }
            for epoch in (1, 2, 3)
            for fold in range(2)
        ],
    }


def expected(table: str, *trials: dict[str, list[dict[str, Any]]]) -> pd.DataFrame:
    """The table as a reader is to find it."""
    dtypes = {
        **dict.fromkeys(("trial", "fold", "epoch"), "int32"),
        **dict.fromkeys(
            ("count", "support", "rows", "detected", "correct", "params_conv_kernel_size", "params_batch_size"),
            "int64",
        ),
        **dict.fromkeys(("started", "ended"), "datetime64[ms, UTC]"),
        **dict.fromkeys(
            ("state", "error", "system_attrs", "class", "actual", "predicted", "attack", "params_attention"), "str"
        ),
        "unseen": "bool",
    }
    frame = pd.DataFrame([row for trial in trials for row in trial[table]])
    return frame.astype({name: dtypes.get(str(name), "float64") for name in frame})


def test_the_measures_of_a_run_are_those_of_its_manifest(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path)).folder("a-run")
    measures = {"accuracy": "max", "their_error": "min"}
    RunWriter(folder, a_manifest(space=SPACE, measures=measures, job={"search": {"metric": "accuracy"}}))
    run = Run(folder)
    assert run.direction == "max"
    means = ["accuracy", "accuracy_std", "their_error", "their_error_std"]
    assert run.schema("trials").names[11:] == [*means, *(f"params_{name}" for name in SPACE)]
    assert run.schema("curves").names == [
        "trial",
        "fold",
        "epoch",
        "training_loss",
        "accuracy",
        "their_error",
        *SECONDS,
    ]


def final(table: pd.DataFrame) -> pd.DataFrame:
    """The table when no trial runs any more: its whole numbers have no gaps."""
    return table.astype({name: "int32" for name in ("best_epoch", "epochs") if name in table})


@pytest.fixture(params=["local disk", "object store"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(ownership, "SETTLES", 0.0)  # nothing else writes here
    root = str(tmp_path) if request.param == "local disk" else "mock://bucket/runs"
    return Folder.from_uri(root).folder("a-run")


def written(folder: Folder, *trials: dict[str, list[dict[str, Any]]], state: State = "finished") -> RunWriter:
    writer = RunWriter(folder, MANIFEST)
    writer.write_status(state, TrialCounts(total=len(trials)), OWNER)
    for rows in trials:
        number = rows["trials"][0]["trial"]
        writer.put(number, rows)
        writer.flush(number)
    return writer


def test_what_is_written_is_read(folder: Folder) -> None:
    trials = rows_of(0), rows_of(1, "PRUNED"), rows_of(2, "FAIL")
    written(folder, *trials)
    run = Run(folder)
    tables = {
        "trials": run.trials(),
        "classes": run.classes(),
        "confusions": run.confusions(),
        "attacks": run.attacks(),
        "curves": run.curves(),
    }
    assert set(tables) == set(TABLES)
    for name, found in tables.items():
        pd.testing.assert_frame_equal(found, final(expected(name, *trials)))
    assert run.manifest == MANIFEST
    assert (run.name, run.uri) == ("a-run", folder.uri)


def test_a_running_trial_has_a_row_with_gaps(folder: Folder) -> None:
    trials = rows_of(0), rows_of(1, "RUNNING")
    written(folder, *trials)
    run = Run(folder)
    pd.testing.assert_frame_equal(run.trials(), expected("trials", *trials))  # whole numbers with gaps are float
    pd.testing.assert_frame_equal(run.curves(), expected("curves", *trials))


def test_the_tables_of_a_new_run_are_empty_and_have_all_columns(folder: Folder) -> None:
    run = Run(written(folder).folder)
    for name in TABLES:
        table = run.table(name)
        assert len(table) == 0
        assert list(table) == list(expected(name, rows_of(0)))


def test_a_later_put_replaces_the_rows_of_a_trial(folder: Folder) -> None:
    writer = written(folder, rows_of(0), rows_of(1, "RUNNING"))
    writer.put(1, rows_of(1))
    assert Run(folder).trials()["state"].tolist() == ["COMPLETE", "RUNNING"]  # not flushed yet
    writer.flush(1)
    assert Run(folder).trials()["state"].tolist() == ["COMPLETE", "COMPLETE"]
    assert Run(folder).curves()["trial"].tolist() == [0] * 6 + [1] * 6


def test_a_trial_is_known_to_have_ended_once_all_of_it_is_written(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = written(folder, rows_of(0, "RUNNING"))
    names = list[str]()
    monkeypatch.setattr(writer.folder, "write", lambda name, content: names.append(name.partition("/")[0]))
    writer.put(0, rows_of(0))
    assert writer.flush(0) == range(TRIALS_A_PART)
    assert names == ["classes", "confusions", "attacks", "curves", "trials"]


@pytest.mark.slow
def test_the_rows_of_a_full_part_no_longer_change(folder: Folder) -> None:
    writer = written(folder, *(rows_of(number) for number in range(TRIALS_A_PART)))
    with pytest.raises(ValueError, match="trial 3 has ended"):
        writer.put(3, rows_of(3, "RUNNING"))


def test_a_part_holds_so_many_trials(folder: Folder) -> None:
    writer = RunWriter(folder, MANIFEST)
    numbers = range(TRIALS_A_PART + 2)
    trials = [rows_of(number) for number in numbers]
    for number in reversed(numbers):  # trials end in any order
        writer.put(number, trials[number])
    writer.flush(0)
    writer.flush(TRIALS_A_PART)
    for name in TABLES:
        assert folder.folder(name).names() == ["part-00000.parquet", "part-00001.parquet"]
        pd.testing.assert_frame_equal(Run(folder).table(name), final(expected(name, *trials)))


def test_a_full_part_is_no_longer_kept_in_memory(folder: Folder) -> None:
    writer = RunWriter(folder, MANIFEST)
    for number in range(TRIALS_A_PART):
        writer.put(number, rows_of(number, "RUNNING" if number == 7 else "COMPLETE"))
    writer.flush(0)
    assert list(writer._parts) == [0]
    writer.put(7, rows_of(7))
    writer.flush(7)
    assert list(writer._parts) == []
    assert set(Run(folder).trials()["state"]) == {"COMPLETE"}


def test_pandas_alone_reads_a_table(tmp_path: Path) -> None:
    trials = [rows_of(number) for number in range(TRIALS_A_PART + 1)]
    writer = RunWriter(Folder.from_uri(str(tmp_path / "a-run")), MANIFEST)
    for number, rows in enumerate(trials):
        writer.put(number, rows)
    writer.flush(0)
    writer.flush(TRIALS_A_PART)
    for name in TABLES:
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a-run" / name), final(expected(name, *trials)))


def test_another_driver_takes_over(folder: Folder) -> None:
    first = [rows_of(number) for number in range(TRIALS_A_PART)] + [rows_of(TRIALS_A_PART, "RUNNING")]
    writer = RunWriter(folder, MANIFEST)
    for number, rows in enumerate(first):
        writer.put(number, rows)
    writer.flush(0)
    writer.flush(TRIALS_A_PART)

    later = RunWriter(folder, MANIFEST)
    later.go_on_with(Run(folder))
    assert list(later._parts) == [1]  # the first part is full
    more = [rows_of(TRIALS_A_PART), rows_of(TRIALS_A_PART + 1, "PRUNED")]
    for number, rows in enumerate(more, start=TRIALS_A_PART):
        later.put(number, rows)
        later.flush(number)
    for name in TABLES:
        pd.testing.assert_frame_equal(Run(folder).table(name), final(expected(name, *first[:TRIALS_A_PART], *more)))


def test_a_trial_that_is_run_again_keeps_its_hyperparameters_alone(tmp_path: Path) -> None:
    folder, numbers = Folder.from_uri(str(tmp_path / "a-run")), range(TRIALS_A_PART)
    writer = RunWriter(folder, MANIFEST)
    for number in numbers:
        writer.put(number, rows_of(number))
    writer.flush(0)
    later = RunWriter(folder, MANIFEST)
    later.go_on_with(Run(folder), again=(3, 500))
    begun = rows_of(3, "RUNNING")
    begun["trials"][0] |= {"epochs": 0}
    trials = [begun if number == 3 else rows_of(number) for number in numbers]
    for name in TABLES:
        found = Run(folder).table(name).astype({"epochs": float} if name == "trials" else {})
        pd.testing.assert_frame_equal(found, expected(name, *trials))
    assert later.missing(TRIALS_A_PART) == [3]
    later.put(3, rows_of(3))  # the part is no longer full
    later.flush(3)
    assert later.missing(TRIALS_A_PART) == []


def test_missing_are_trials_that_have_not_ended_or_whose_files_are_gone(folder: Folder) -> None:
    writer = written(folder, rows_of(0), rows_of(1, "RUNNING"), rows_of(2, "FAIL"))
    assert writer.missing(3) == [1]
    assert writer.missing(5) == [1, 3, 4]
    writer.move("curves/part-00000.parquet", "elsewhere/part-00000.parquet")
    assert writer.missing(3) == [0, 1, 2]


def test_a_takeover_of_a_run_without_trials_is_nothing(folder: Folder) -> None:
    writer = written(folder)
    writer.go_on_with(Run(folder))
    assert Run(folder).trials().empty


@pytest.mark.parametrize("damage", [b"", b"PAR1 and no more", b"PAR1" + bytes(100) + b"PAR1"])
def test_a_damaged_part_is_named(folder: Folder, damage: bytes) -> None:
    written(folder, rows_of(0))
    folder.folder("curves").write("part-00000.parquet", damage)
    run = Run(folder)
    assert len(run.trials()) == 1
    with pytest.raises(UserError) as caught:
        run.curves()
    assert str(caught.value).startswith(
        f"{folder.uri}/curves/part-00000.parquet: this is not a part of the run's table ("
    )
    assert str(caught.value).endswith(
        f"). `{command_on(folder.uri, 'repair')}` moves it away, and `{command_on(folder.uri, 'resume')}` runs "
        "the trials again that it held."
    )


def test_a_part_of_another_table_is_named(folder: Folder) -> None:
    written(folder, rows_of(0))
    folder.folder("curves").write("part-00000.parquet", folder.folder("classes").read("part-00000.parquet"))
    with pytest.raises(UserError, match=r"/curves/part-00000.parquet: this is not a part of the run's table"):
        Run(folder).curves()


def test_a_reader_passes_over_what_is_being_written(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path)).folder("a-run")
    written(folder, rows_of(0))
    (tmp_path / "a-run" / "trials" / ".part-00000.parquet.0123").write_bytes(b"half of i")
    assert len(Run(folder).trials()) == 1
    assert len(pd.read_parquet(tmp_path / "a-run" / "trials")) == 1


def test_the_status_says_where_the_search_stands(folder: Folder) -> None:
    writer = RunWriter(folder, MANIFEST)
    assert Run(folder).state == "interrupted"  # its driver never came to say anything
    before = datetime.now(UTC)
    nodes = [Node(name="a", alive=True, cpus=4.0, cpus_used=1.0)]
    writer.write_status("running", TrialCounts(total=4, complete=1), OWNER, "größer", nodes)
    status = Run(folder).status
    assert status.updated
    assert before <= status.updated <= datetime.now(UTC)
    assert status == RunStatus(
        state="running",
        updated=status.updated,
        trials=TrialCounts(total=4, complete=1),
        owner=OWNER,
        message="größer",
        nodes=tuple(nodes),
    )


@pytest.mark.parametrize(
    ("state", "silent", "expected"),
    [
        ("running", False, "running"),
        ("running", True, "interrupted"),
        ("finished", True, "finished"),
        ("failed", True, "failed"),
        ("interrupted", False, "interrupted"),
    ],
)
def test_a_run_whose_driver_fell_silent_is_interrupted(
    folder: Folder, state: State, silent: bool, expected: str
) -> None:
    written(folder, state=state)
    status = json.loads(folder.read("status.json"))
    if silent:
        status["updated"] = (datetime.now(UTC) - SILENCE - timedelta(seconds=1)).isoformat()
        folder.write("status.json", json.dumps(status).encode())
    assert Run(folder).state == expected


def test_runs_are_listed_and_opened_by_name(tmp_path: Path) -> None:
    root = Folder.from_uri(str(tmp_path))
    for name in ("b", "a"):
        written(root.folder(name))
    root.folder("no-run").write("notes.txt", b"")
    root.write("a-file", b"")
    assert run_names(str(tmp_path)) == ["a", "b"]
    assert open_run(str(tmp_path), "b").name == "b"
    with pytest.raises(UserError) as caught:
        open_run(str(tmp_path), "c")
    assert str(caught.value) == (
        f"{tmp_path} holds no run named 'c'. Runs there: a, b. Name another storage with --storage."
    )


def test_a_storage_that_is_not_there_holds_no_runs(tmp_path: Path) -> None:
    assert run_names(str(tmp_path / "nowhere")) == []
    with pytest.raises(UserError, match=r"holds no run named 'c'\. Runs there: none\."):
        open_run(str(tmp_path / "nowhere"), "c")


@pytest.mark.parametrize("name", ["../other/a", "a/../a", "a/.", ".", "..", "", "a\0", "a\udcff"])
def test_a_name_that_leads_out_of_a_storage_is_no_runs(name: str, tmp_path: Path) -> None:
    for storage in ("runs", "other"):
        RunWriter(Folder.from_uri(str(tmp_path / storage / "a")), a_manifest())
    with pytest.raises(RunNotFoundError, match="Runs there: a"):
        open_run(str(tmp_path / "runs"), name)


def test_a_storage_whose_name_is_no_text_is_refused() -> None:
    with pytest.raises(UserError, match=r"'a\\udcff': cannot be used as storage: its name is not text in UTF-8"):
        open_run("a\udcff", "a")


@pytest.mark.parametrize("damage", ['{"format": 3, "sp', "", "[" * 100_000])
def test_a_run_with_a_damaged_manifest_is_refused(tmp_path: Path, damage: str) -> None:
    written(Folder.from_uri(str(tmp_path)).folder("a-run"))
    (tmp_path / "a-run" / "manifest.json").write_text(damage)
    with pytest.raises(UserError) as caught:
        open_run(str(tmp_path), "a-run")
    assert str(caught.value).startswith(f"{tmp_path}/a-run/manifest.json: cannot be read (")
    proposed = command(str(tmp_path), "runs", "delete", "a-run")
    assert str(caught.value).endswith(
        f"put back a copy of the file, or start a new search. `{proposed}` deletes what is left."
    )


def test_a_run_without_a_manifest_is_listed_and_refused(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path)).folder("a-run")
    written(folder)
    folder.write("status.json", b"{}")
    (tmp_path / "a-run" / "manifest.json").unlink()
    assert run_names(str(tmp_path)) == ["a-run"]
    with pytest.raises(UserError, match=r"a-run/manifest\.json: cannot be read .* put back a copy of the file"):
        open_run(str(tmp_path), "a-run")


@pytest.mark.parametrize("damage", ["", '{"state": "runn', "\0" * 400, "[]", '{"state": 3}'])
def test_a_run_with_a_damaged_status_is_an_interrupted_one(folder: Folder, damage: str) -> None:
    written(folder, rows_of(0), state="running")
    folder.write("status.json", damage.encode())
    run = Run(folder)
    assert (run.state, run.status, run.seconds) == ("interrupted", RunStatus(), None)
    assert run.status_fault.startswith(f"{folder.uri}/status.json: ")
    assert run.status_fault.endswith(f" `{command_on(folder.uri, 'repair')}` writes it again, from the tables.")
    assert run.trials()["trial"].tolist() == [0]


def test_distributions_that_are_none_are_told_as_such(tmp_path: Path) -> None:
    written(Folder.from_uri(str(tmp_path)).folder("a-run"))
    path = tmp_path / "a-run" / "manifest.json"
    manifest = json.loads(path.read_text())
    name = next(name for name, of_it in manifest["space"].items() if "step" in of_it["attributes"])
    manifest["space"][name]["attributes"] |= {"log": False, "step": True}
    path.write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="should be distributions as Optuna writes them"):
        open_run(str(tmp_path), "a-run")


def test_a_run_of_another_format_is_refused(tmp_path: Path) -> None:
    RunWriter(Folder.from_uri(str(tmp_path)).folder("a-run"), MANIFEST.model_copy(update={"format": 9}))
    with pytest.raises(UserError) as caught:
        open_run(str(tmp_path), "a-run")
    assert str(caught.value) == f"{tmp_path}/a-run: the run has format 9, this version reads formats 3 and 4."


@pytest.mark.parametrize(
    ("driver", "state"),
    [
        pytest.param(owner(), "running", id="alive"),
        pytest.param(owner().model_copy(update={"pid": 2**22 + 1}), "interrupted", id="gone"),
        pytest.param(Owner(host="another", pid=2**22 + 1), "running", id="on another machine"),
        pytest.param(
            Owner(host=socket.gethostname(), pid=2**22 + 1, machine="another"), "running", id="on one of this name"
        ),
    ],
)
def test_a_run_whose_driver_has_died_on_this_machine_is_interrupted(
    folder: Folder, driver: Owner, state: State
) -> None:
    writer = RunWriter(folder, MANIFEST)
    writer.write_status("running", NO_TRIALS, driver)
    assert Run(folder).state == state


def test_an_owner_is_this_process() -> None:
    this = owner()
    assert this == Owner(host=socket.gethostname(), pid=os.getpid(), machine=this.machine)
    assert this.machine


@pytest.mark.parametrize("name", ["", ".hidden", "-x", "a/b", "..", "a b"])
def test_a_name_that_is_no_folders_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"a run's name has letters, digits and \. _ - only"):
        new_run(str(tmp_path), name)


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    assert new_run(str(tmp_path), "one").path == str(tmp_path / "one")
    RunWriter(Folder.from_uri(str(tmp_path)).folder("one"), MANIFEST)
    with pytest.raises(
        UserError, match=r"holds a run\. Resume it with `nids resume one --storage .*`, or give another"
    ):
        new_run(str(tmp_path), "one")


@pytest.mark.parametrize("column", ["system_attrs", "duplicate_of"])
def test_a_part_of_an_older_version_lacks_newer_columns(tmp_path: Path, column: str) -> None:
    folder = Folder.from_uri(str(tmp_path / "a-run"))
    written(folder, rows_of(0))
    part = tmp_path / "a-run" / "trials" / "part-00000.parquet"
    pq.write_table(pq.read_table(part).drop_columns(column), part)
    (trial,) = Run(folder).arrow("trials").to_pylist()
    assert trial.pop(column, "missing") is None
    assert trial["params_batch_size"] == 128


def test_baselines_without_a_column_are_refused(tmp_path: Path) -> None:
    folder = written(Folder.from_uri(str(tmp_path)).folder("a-run")).folder
    write_table(folder.folder("baselines"), "folds.parquet", pd.DataFrame({"model": ["a"], "resampled": [True]}))
    with pytest.raises(DamagedFileError) as caught:
        Run(folder).baselines()
    assert str(caught.value) == (
        f"{tmp_path}/a-run/baselines/folds.parquet: it has no column fold, training_rows, validation_rows, confusion. "
        f"Write it again with `nids baselines a-run --again --storage {tmp_path}`."
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[]", "the file = []: should be an object, with names and values in braces."),
        ("{}", "this is not an evaluation of any version (KeyError: 'folds')."),
        ('{"format": 4}', "created is missing."),
        ("{", "cannot be read ("),
    ],
)
def test_an_evaluation_that_is_damaged_is_named_with_its_cure(content: str, reason: str, tmp_path: Path) -> None:
    folder = written(Folder.from_uri(str(tmp_path)).folder("a-run")).folder
    folder.write("final/evaluation.json", content.encode())
    with pytest.raises(DamagedFileError) as caught:
        Run(folder).final_evaluation()
    assert str(caught.value).startswith(f"{folder.uri}/final/evaluation.json: {reason}")
    assert str(caught.value).endswith(f" Write it again with `nids finalize a-run --again --storage {tmp_path}`.")


def test_baselines_and_predictions_that_are_damaged_are_named(tmp_path: Path) -> None:
    folder = written(Folder.from_uri(str(tmp_path)).folder("a-run")).folder
    run = Run(folder)
    assert run.baselines().empty
    assert run.predictions("out_of_fold") is None
    for path in ("baselines/folds.parquet", "final/out_of_fold.parquet"):
        folder.write(path, b"PAR1 and no more")
    for read, path in (
        (run.baselines, "baselines/folds"),
        (lambda: run.predictions("out_of_fold"), "final/out_of_fold"),
    ):
        with pytest.raises(DamagedFileError, match=rf"/a-run/{path}\.parquet: cannot be read \("):
            read()
