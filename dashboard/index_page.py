"""The page that a browser loads first: Streamlit's own, told where its server is and what to load beforehand.

Streamlit's programs for charts and tables are loaded as soon as the first of them is to be drawn, which then waits for
them: on a small machine, a fifth of a second for charts, and half a second for tables.
"""

from __future__ import annotations

from pathlib import Path

import streamlit

FOLDER = Path(streamlit.__file__).parent / "static"
# What leads to it: the pages of dashboard.app.
PATHS = ("/", "/overview", "/trials", "/classes", "/verdict", "/compare", "/cluster")

# A setting of Streamlit's. Without it the browser tries whether the path of a page is the server's, and logs two errors
# for each link. Its own files too lie relative to the page, so that a proxy may put a prefix before all of them.
WHERE = '<script>window.__streamlit = {BACKEND_BASE_URL: new URL(".", location.href).href}</script>'
# For what is drawn on the pages to come, as soon as the first one has been drawn.
PROGRAMS = ("ArrowVegaLiteChart", "DataFrame")
MILLISECONDS_TO_DRAW = 2000


def index_page() -> bytes:
    """Return the page as HTML, in UTF-8."""
    # Names end in a hash of the content. Without such a program, all is drawn as ever.
    files = [file for name in PROGRAMS for file in FOLDER.glob(f"static/js/{name}.*.js")]
    imports = "; ".join(f'import("./{file.relative_to(FOLDER).as_posix()}")' for file in files)
    later = f'<script>addEventListener("load", () => setTimeout(() => {{{imports}}}, {MILLISECONDS_TO_DRAW}))</script>'
    page = (FOLDER / "index.html").read_text("utf-8")
    return page.replace("</head>", f"{WHERE}\n{later}\n</head>", 1).encode()
