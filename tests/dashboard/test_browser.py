"""The dashboard as a browser shows it: a real server, a real Chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from playwright.sync_api import expect

from nids import job_file
from nids.bench import synthetic_run
from nids.bench.dashboard import DONE, PICTURE, served
from nids.dashboard.data.cache import DEMONSTRATION
from nids.report import html
from nids.results import Run
from nids.storage import Folder
from tests.dashboard.conftest import TRIALS, change, faults_of, open_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

PAGES = (
    *("", "overview", "trials", "trials?view=hyperparameters", "trials?view=learning+curves", "classes", "held-out"),
    *("trials?view=Pareto+front", "compare", "cluster"),
)
# A picture of curves has buttons of that name too.
CURVES = "button[kind=secondary]:has-text('Learning curves')"
TINY = [
    *("--set", "data.dataset=nsl-kdd-sample", "--set", "data.rows=600", "--set", "folds.count=2"),
    *("--set", "training.epochs=2", "--set", "search.trials=4", "--set", "scheduler.kind=none"),
    *("--set", "folds.targets={R2L=30, U2R=20}", "--set", "resources.max_concurrent=1"),
    *("--set", "model.name=mlp", "--set", "hyperparameters={layers=1, units=8, batch_size=256}"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, one of which has a damaged part, and one damaged run."""
    folder = tmp_path_factory.mktemp("runs")
    for name, trials in (("large", TRIALS), ("other", 12)):
        synthetic_run.write(Folder.from_uri(str(folder)).folder(name), trials)
    (folder / "other" / "curves" / "part-00000.parquet").write_bytes(b"PAR1")
    shutil.copytree(folder / "large", folder / "half")
    (folder / "half" / "manifest.json").write_text("{")
    return folder


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[str]:
    with served(str(place)) as (address, _):
        yield address


@pytest.mark.parametrize("name", PAGES)
def test_each_page_fits_a_desktop_and_a_dark_telephone_without_an_error(name: str, tab: Page, server: str) -> None:
    faults = faults_of(tab)
    open_page(tab, f"{server}/{name}{'&' if '?' in name else '?'}run=large")
    expect(tab.get_by_test_id("stException")).to_have_count(0)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 1280
    tab.emulate_media(color_scheme="dark")
    tab.set_viewport_size({"width": 390, "height": 800})
    tab.locator(DONE).wait_for()
    tab.wait_for_function("document.documentElement.scrollWidth <= 390")
    expect(tab.get_by_test_id("stException")).to_have_count(0)
    assert faults == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_report_page_fits(width: int, tab: Page, tmp_path: Path) -> None:
    [folder] = DEMONSTRATION.iterdir()
    (tmp_path / "report.html").write_text(html.page(Run(Folder.from_uri(str(folder)))), encoding="utf-8")
    faults = faults_of(tab)
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto((tmp_path / "report.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert faults == []


@pytest.mark.parametrize("name", ["", "overview", "compare"])
def test_a_damaged_run_is_named_in_the_browser(name: str, tab: Page, server: str) -> None:
    open_page(tab, f"{server}/{name}?run=half")
    expect(tab.get_by_text("is damaged").first).to_be_visible()
    expect(tab.get_by_test_id("stException")).to_have_count(0)


def test_an_address_in_a_runs_text_is_no_link(tab: Page, server: str, place: Path) -> None:
    text = "see https://evil.example, www.evil.example or me@evil.example"
    shutil.copytree(place / "other", place / "linked")
    change(place / "linked" / "status.json", state="failed", message=text)
    open_page(tab, f"{server}/overview?run=linked")
    expect(tab.get_by_text("see https:")).to_be_visible()
    expect(tab.locator("a[href*=evil]")).to_have_count(0)
    shutil.rmtree(place / "linked")


def test_a_click_on_a_name_opens_the_run(tab: Page, server: str) -> None:
    open_page(tab, server)
    table = tab.get_by_test_id("stDataFrame")
    box = table.bounding_box()
    assert box is not None
    while "overview" not in tab.url:  # until the table, which is drawn on a canvas, takes a click
        tab.mouse.click(box["x"] + 75, box["y"] + 35 + 17)
        tab.wait_for_timeout(3000)
    tab.wait_for_url(re.compile("overview.run=(large|other)$"))
    expect(tab.get_by_text("trials ended.")).to_be_visible()
    assert len(tab.context.pages) == 1
    # Whoever comes back finds the list again, and not what was clicked.
    tab.get_by_test_id("stTopNavLink").filter(has_text="Runs").click()
    expect(table).to_be_visible()
    tab.wait_for_timeout(1000)
    assert "overview" not in tab.url


def test_what_is_folded_opens_and_stays_open_for_another(chromium: Browser, tab: Page, server: str) -> None:
    open_page(tab, f"{server}/overview?run=large")
    meaning = re.compile("macro-F1: ")
    expect(tab.get_by_text(meaning)).to_have_count(0)
    tab.get_by_text("Definitions").click()
    expect(tab.get_by_text(meaning)).to_be_visible()
    tab.wait_for_url(re.compile("terms="))
    other = chromium.new_context().new_page()
    open_page(other, tab.url)
    expect(other.get_by_text(meaning)).to_be_visible()
    other.context.close()


def test_the_chosen_run_stays_from_page_to_page(tab: Page, server: str) -> None:
    open_page(tab, f"{server}/overview?run=other")
    for name in ("Trials", "Classes", "Held-out test", "Cluster", "Overview"):
        tab.get_by_test_id("stTopNavLink").filter(has_text=name).click()
        tab.wait_for_url(f"**/{name.lower().removesuffix(' test')}?run=other")
        expect(tab.locator("h3").get_by_text("other", exact=True)).to_be_visible()


def test_a_link_shows_another_the_same(chromium: Browser, tab: Page, server: str) -> None:
    open_page(tab, f"{server}/classes?run=large")
    tab.locator("button", has_text="share").click()
    tab.wait_for_url(re.compile("in=share"))
    tab.locator("[data-testid=stButtonGroup] button", has_text="2").last.click()
    tab.wait_for_url(re.compile("fold=2"))
    other = chromium.new_context().new_page()
    open_page(other, tab.url)
    for name in ("share", "2"):
        expect(other.locator("[data-testid=stButtonGroup] button[aria-checked=true]", has_text=name)).to_be_visible()
    other.context.close()


def test_filters_limit_the_table(tab: Page, server: str) -> None:
    open_page(tab, f"{server}/trials?run=large")
    expect(tab.get_by_text("30 of 30 trials")).to_be_visible()
    tab.locator("[data-testid=stButtonGroup] button", has_text="failed").click()
    expect(tab.get_by_text("1 of 30 trials")).to_be_visible()
    tab.locator("[data-testid=stButtonGroup] button", has_text="complete").click()
    expect(tab.get_by_text("11 of 30 trials")).to_be_visible()
    tab.get_by_label("Search", exact=True).fill("complete")
    tab.get_by_label("Search", exact=True).press("Enter")
    expect(tab.get_by_text("10 of 30 trials")).to_be_visible()


def select(tab: Page, *rows: int) -> None:
    """Select rows of the table of trials, of which none is selected."""
    curves = tab.locator(CURVES)
    expect(curves).to_be_disabled()
    box = tab.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    while curves.is_disabled():  # until the table, which is drawn on a canvas, takes a click
        tab.mouse.click(box["x"] + 15, box["y"] + 35 * rows[0] + 17)
        tab.wait_for_timeout(3000)
    for row in rows[1:]:
        tab.mouse.click(box["x"] + 15, box["y"] + 35 * row + 17)
    tab.wait_for_timeout(3000)
    tab.locator(DONE).wait_for()


def test_the_curves_of_selected_trials_are_shown(tab: Page, server: str) -> None:
    open_page(tab, f"{server}/trials?run=large&state=complete")
    found = []
    for rows in ((1, 2), (4,)):
        select(tab, *rows)
        tab.locator(CURVES).click()
        expect(tab.locator(PICTURE)).to_be_visible()
        tab.wait_for_url(re.compile(r"view=learning"))
        found.append(re.findall(r"curves=(\d+)", tab.url))
        expect(tab.get_by_test_id("stException")).to_have_count(0)
        tab.locator("[data-testid=stButtonGroup] button", has_text="table").click()
        expect(tab.get_by_test_id("stDataFrame")).to_be_visible()
    assert [len(numbers) for numbers in found] == [2, 1]
    assert not {*found[0]} & {*found[1]}


def test_a_page_follows_what_becomes_of_its_run(tab: Page, server: str, place: Path) -> None:
    shutil.copytree(place / "large", place / "changing")
    open_page(tab, f"{server}/classes?run=changing")
    expect(tab.get_by_text(re.compile(r"finished\s*$"))).to_be_visible()
    change(place / "changing" / "status.json", state="interrupted")
    expect(tab.get_by_text(re.compile(r"interrupted\s*$"))).to_be_visible(timeout=20_000)
    shutil.copytree(next(DEMONSTRATION.glob("*/baselines")), place / "changing" / "baselines")
    open_page(tab, f"{server}/held-out?run=changing")
    expect(tab.get_by_text("Not evaluated on the held-out files yet.")).to_have_count(0, timeout=20_000)
    # Another tab keeps the names of the runs fresh.
    other = tab.context.new_page()
    open_page(other, f"{server}/overview?run=large")
    shutil.rmtree(place / "changing")
    other.get_by_test_id("stTopNavLink").filter(has_text="Trials").click()
    expect(tab.get_by_text("There is no run named changing")).to_be_visible(timeout=20_000)


def test_a_filter_forgets_what_was_selected(tab: Page, server: str) -> None:
    """What is selected are positions, which are other trials among others, or none."""
    open_page(tab, f"{server}/trials?run=large")
    curves = tab.locator(CURVES)
    select(tab, 4)
    expect(curves).to_be_enabled()
    tab.locator("[data-testid=stButtonGroup] button", has_text="failed").click()
    expect(tab.get_by_text("1 of 30 trials")).to_be_visible()
    expect(curves).to_be_disabled()
    expect(tab.get_by_test_id("stException")).to_have_count(0)


def test_downloads_hold_what_they_say(tab: Page, server: str, place: Path, tmp_path: Path) -> None:
    open_page(tab, f"{server}/overview?run=large")
    for label, name in (
        ("Best configuration", "best.toml"),
        ("Report", "report.html"),
        ("All trials", "trials.csv"),
    ):
        with tab.expect_download() as download:
            tab.get_by_test_id("stDownloadButton").filter(has_text=label).get_by_role("button").click()
        download.value.save_as(tmp_path / name)
    trials = pd.read_parquet(place / "large" / "trials")
    written = pd.read_csv(tmp_path / "trials.csv")
    assert written["trial"].tolist() == trials["trial"].tolist()
    best = trials[trials["state"] == "COMPLETE"].sort_values("value").iloc[0]
    job = job_file.make(tomllib.loads((tmp_path / "best.toml").read_text()), "best.toml")
    assert job.name == f"large-trial-{best['trial']}"
    assert job.hyperparameters["gru_units"] == best["params_gru_units"]
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_tables_are_taken_away_as_numbers(tab: Page, server: str, place: Path, tmp_path: Path) -> None:
    open_page(tab, f"{server}/classes?run=large&trial=3")
    with tab.expect_download() as download:
        tab.get_by_test_id("stDownloadButton").filter(has_text="Download CSV").get_by_role("button").click()
    download.value.save_as(tmp_path / "classes.csv")
    written = pd.read_csv(tmp_path / "classes.csv").set_index("class")
    classes = pd.read_parquet(place / "large" / "classes").query("trial == 3")
    expected = classes.groupby("class")["recall"].mean()
    assert written["recall_mean"].to_dict() == pytest.approx(expected.to_dict())
    assert set(written["model"]) == {"trial 3"}


def test_a_search_is_followed_while_it_runs(tab: Page, tmp_path: Path) -> None:
    """First there is no run at all; then one begins, and its progress comes without a reload."""
    (tmp_path / "runs").mkdir()
    job = tmp_path / "job.toml"
    job.write_text('name = "tiny"\n')
    command = [sys.executable, "-m", "nids", "search", str(job), "--storage", str(tmp_path / "runs"), *TINY]
    with served(str(tmp_path / "runs")) as (address, _):
        open_page(tab, f"{address}/overview")
        expect(tab.get_by_text("Demonstration.")).to_be_visible()
        environment = {**os.environ, "COLUMNS": "200"}
        with subprocess.Popen(
            [*command, "--name", "live"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        ) as search:
            while not (tmp_path / "runs" / "live" / "status.json").exists():
                assert search.poll() is None, search.stdout.read() if search.stdout else ""
                tab.wait_for_timeout(200)
            expect(tab.get_by_text("Demonstration.")).to_have_count(0, timeout=60_000)
            open_page(tab, f"{address}/overview?run=live")
            loaded = tab.evaluate("performance.timeOrigin")
            expect(tab.get_by_text(re.compile(r"[0-3] of 4 trials have ended"))).to_be_visible(timeout=60_000)
            expect(tab.get_by_text("All 4 trials ended.")).to_be_visible(timeout=240_000)
            expect(tab.get_by_text(re.compile(r"finished\s*$")).first).to_be_visible(timeout=60_000)
            expect(tab.get_by_role("button", name="Best configuration (TOML)")).to_have_count(1)
            expect(tab.locator(PICTURE).first).to_be_visible(timeout=60_000)
            assert tab.evaluate("performance.timeOrigin") == loaded
            assert search.wait(120) == 0
