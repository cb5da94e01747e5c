from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from nids.detector import bundle
from nids.detector import score as scoring
from nids.detector import score_on_cluster as scoring_on_ray
from nids.errors import UserError
from nids.folds.encoding import Encoding, compact
from nids.models.mlp import MODEL, Hyperparameters
from nids.storage import Folder
from tests.manifests import a_bundle_manifest, networks

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.traffic import Traffic

HP = Hyperparameters(layers=1, units=8)


@pytest.fixture(scope="module")
def detector(traffic: Traffic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved detector, whose weights were never trained: they are as good as any."""
    path = tmp_path_factory.mktemp("bundle")
    rows = compact(traffic.features, traffic.dataset)
    encoding = Encoding.fit(rows, np.arange(len(rows)), traffic.dataset)
    manifest = a_bundle_manifest(networks(HP, model="mlp", members=1), thresholds={0.01: 0.8})
    weights = {weight.path: np.array(weight) for weight in MODEL.build_for(encoding.width, 5, HP, seed=1).weights}
    bundle.save(Folder.from_uri(str(path)), manifest, traffic.dataset, encoding, [weights], card="")
    return path


@pytest.fixture
def files(traffic: Traffic, tmp_path: Path) -> Path:
    """Five files of 48 rows."""
    folder = tmp_path / "traffic"
    folder.mkdir()
    for i, rows in enumerate(np.array_split(np.arange(240), 5)):
        traffic.features.iloc[rows].to_csv(folder / f"{i}.csv", index=False)
    return folder


def quiet() -> Console:
    return Console(file=io.StringIO())


def test_bad_rows_end_it_or_are_set_aside_and_others_have_the_scores_that_they_have_alone(
    cluster: None, detector: Path, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (files / "3.csv").read_text().splitlines()
    lines[2] = lines[2].replace(lines[2].partition(",")[0], "soon", 1)
    (files / "3.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=r"3\.csv, line 3, column 1 \(duration\): found 'soon'.*--rejects"):
        scoring_on_ray.score(str(detector), [files], tmp_path / "ended", None, quiet())
    result = scoring_on_ray.score(
        str(detector), [files], tmp_path / "scores", None, quiet(), rejects=tmp_path / "rejects"
    )
    alone = scoring.score(
        bundle.load(Folder.from_uri(str(detector))),
        [files],
        tmp_path / "alone.parquet",
        quiet(),
        rejects=tmp_path / "alone.csv",
    )
    assert (result.rows, result.rejected, result.by_class, result.alerts) == (239, 1, alone.by_class, alone.alerts)
    expected = pd.read_parquet(tmp_path / "alone.parquet")
    parts = [pd.read_parquet(tmp_path / "scores" / f"{i}.csv.parquet") for i in range(5)]
    pd.testing.assert_frame_equal(
        pd.concat(parts, ignore_index=True).drop(columns="file"), expected.drop(columns="file"), rtol=1e-5
    )
    assert "The detector was trained on synthetic rows" in capsys.readouterr().err
    assert len(pd.read_csv(tmp_path / "rejects/3.csv.csv")) == 1


def test_results_are_not_replaced_unasked(cluster: None, detector: Path, files: Path, tmp_path: Path) -> None:
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores/0.csv.parquet").write_text("mine")
    with pytest.raises(UserError, match=r"0\.csv\.parquet: exists\."):
        scoring_on_ray.score(str(detector), [files], tmp_path / "scores", None, quiet())
    assert (tmp_path / "scores/0.csv.parquet").read_text() == "mine"


def test_files_of_one_name_are_refused(detector: Path, files: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "0.csv").write_bytes((files / "0.csv").read_bytes())
    with pytest.raises(UserError, match=r"have the same name"):
        scoring_on_ray.score(str(detector), [files, other], tmp_path / "scores", None, quiet())
