from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dashboard.components import selection
from dashboard.serving import index_page
from dashboard.serving.server import APP

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_is_streamlits_own_with_two_scripts_more() -> None:
    found = index_page.index_page().decode()
    assert found.count(index_page.WHERE) == 1
    assert found.index(index_page.WHERE) < found.index("</head>")
    added = found[found.index(index_page.WHERE) : found.index("</head>")]
    assert found.replace(added, "") == (index_page.FOLDER / "index.html").read_text("utf-8")


def test_the_programs_that_it_loads_are_there() -> None:
    paths = re.findall(r'import\("\./(.+?)"\)', index_page.index_page().decode())
    assert [path.partition(".")[0] for path in paths] == [f"static/js/{name}" for name in index_page.PROGRAMS]
    assert all((index_page.FOLDER / path).is_file() for path in paths)


def test_it_stands_for_all_pages() -> None:
    from streamlit.testing.v1 import AppTest

    shown = AppTest.from_file(str(APP), default_timeout=60).run()
    pages = shown.session_state[selection.PAGES].values()
    assert tuple(f"/{page.url_path}" for page in pages) == index_page.PATHS


def test_another_version_of_streamlit_need_not_have_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "index.html").write_text("<html><head></head></html>")
    monkeypatch.setattr(index_page, "FOLDER", tmp_path)
    assert b"import(" not in index_page.index_page()
