"""The dashboard: the runs of a storage in a browser, while they go on and afterwards.

``nids dashboard`` starts it (``serving.server``); ``app`` is what the server runs for each visitor: it lists the pages
and shows the chosen one. A page is one file of ``views`` with a function ``show``. It reads through ``data``, which
keeps what was read, and is built of ``components``: the choices in the address (``selection``), what stands on every
page (``layout``), charts, filters and downloads. What a page says is worked out in ``nids.analysis``, and drawn in
``nids.charts``, which know nothing of Streamlit.

Importing anything of it has no side effect, and loads neither Ray nor TensorFlow.
"""
