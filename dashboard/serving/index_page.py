"""The page that a browser loads first: Streamlit's own, told where its server is and what to load beforehand.

Without that, Streamlit's programs for charts and tables are loaded when the first of them is to be drawn, which waits.
"""

from __future__ import annotations

from pathlib import Path

import streamlit

FOLDER = Path(streamlit.__file__).parent / "static"
# What leads to it: the pages of dashboard.app.
PATHS = ("/", "/overview", "/trials", "/classes", "/held-out", "/compare", "/cluster")

# What Streamlit's program in the browser asks for, for those who serve it from elsewhere. Without it the browser tries
# whether the path of a page is the server's, and logs two errors for each page that is opened by its address. The files
# of the program too lie relative to the page, so that a proxy may put a prefix before all of them.
WHERE = '<script>window.__streamlit = {BACKEND_BASE_URL: new URL(".", location.href).href}</script>'
# For what is drawn on the pages to come. They are large, so they wait until the first page has probably been drawn.
PROGRAMS = ("ArrowVegaLiteChart", "DataFrame")
MILLISECONDS_AFTER_LOADING = 2000


def index_page() -> bytes:
    """Return the page as HTML, in UTF-8."""
    # Names end in a hash of the content. Without such a program, all is drawn as ever.
    files = [file for name in PROGRAMS for file in FOLDER.glob(f"static/js/{name}.*.js")]
    imports = "; ".join(f'import("./{file.relative_to(FOLDER).as_posix()}")' for file in files)
    wait = f"setTimeout(() => {{{imports}}}, {MILLISECONDS_AFTER_LOADING})"
    later = f'<script>addEventListener("load", () => {wait})</script>'
    page = (FOLDER / "index.html").read_text("utf-8")
    return page.replace("</head>", f"{WHERE}\n{later}\n</head>", 1).encode()
