from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

from nids.dashboard.data.cache import DEMONSTRATION
from nids.errors import UserError
from nids.report import tensorboard
from nids.results import Run, open_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def run() -> Run:
    return open_run(str(DEMONSTRATION), "demonstration")


def events(folder: Path) -> Iterator[Event]:
    """Yield the events of a folder, which TFRecord frames: length, its checksum, the event, its checksum."""
    for path in folder.iterdir():
        content = path.read_bytes()
        while content:
            (length,) = struct.unpack("<Q", content[:8])
            yield Event.FromString(content[12 : 12 + length])
            content = content[16 + length :]


def test_export_has_each_trials_hyperparameters_figures_and_curves(run: Run, tmp_path: Path) -> None:
    written: list[int] = []
    trials = run.trials()
    with_figures = trials[trials["value"].notna()].sort_values("trial")
    assert tensorboard.export(run, tmp_path / "logs" / "demo", written.append) == len(with_figures)
    assert written == [*range(1, len(with_figures) + 1)]
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["demo"]
    assert sorted(path.name for path in (tmp_path / "logs/demo").iterdir()) == [
        f"trial-{number:05d}" for number in with_figures["trial"]
    ]
    row = with_figures.iloc[0]
    hyperparameters: dict[str, object] = {}
    scalars: dict[str, dict[int, float]] = {}
    for event in events(tmp_path / "logs/demo" / f"trial-{row['trial']:05d}"):
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == "hparams":
                data = HParamsPluginData.FromString(value.metadata.plugin_data.content)
                for name, held in data.session_start_info.hparams.items():
                    hyperparameters[name] = getattr(held, held.WhichOneof("kind"))
            else:
                scalars.setdefault(value.tag, {})[event.step] = value.simple_value
    assert hyperparameters.keys() == run.manifest.space.keys()
    assert hyperparameters["learning_rate"] == row["params_learning_rate"]
    assert scalars["final/accuracy"] == {0: pytest.approx(row["accuracy"])}
    curves = run.curves().query(f"trial == {row['trial']}").groupby("epoch")[["log_loss", "training_loss"]].mean()
    read = pd.DataFrame({name: scalars[str(name)] for name in curves}).rename_axis("epoch")
    pd.testing.assert_frame_equal(read, curves, rtol=1e-6, check_index_type=False)


def test_export_makes_a_folder_or_none(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="is there already"):
        tensorboard.export(run, tmp_path, print)
    (tmp_path / "a-file").touch()
    with pytest.raises(UserError, match=r"cannot be written \(File exists\)"):
        tensorboard.export(run, tmp_path / "a-file" / "logs", print)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tensorboard, "_write", full)
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\)"):
        tensorboard.export(run, tmp_path / "logs", print)
    assert [path.name for path in tmp_path.iterdir()] == ["a-file"]


def test_export_of_a_run_without_figures(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "trials", lambda self: pd.DataFrame({"trial": [0], "value": [None]}))
    with pytest.raises(UserError, match="demonstration: no trial has ended with figures yet"):
        tensorboard.export(run, tmp_path / "logs", print)
