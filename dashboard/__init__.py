"""The dashboard: the runs of a storage in a browser, while they go on and afterwards.

``nids dashboard`` starts it (``server``); ``app`` is what the server runs for each visitor: it lists the pages and
shows the chosen one. A page is one file with a function ``show``. It reads through ``loading``, which keeps what was
read; keeps its choices in the address (``choosing``); begins with what stands on every page (``frame``); and draws in
the language of ``nids.charts.theme`` (``drawing``). What a page says is worked out in modules that know nothing of Streamlit:
``outlook``, ``thinning``, ``contenders``, ``traffic``, ``differences``, ``job_file``, and the charts' modules.

Importing anything of it has no side effect, and loads neither Ray nor TensorFlow.
"""
