"""The colours of all charts.

They are those of Okabe & Ito (2008), which stay apart for all kinds of colour vision, limited to the ones that are
readable on white and on black, for which their blue is a little lighter here.
"""

BLUE, VERMILION, GREEN, ORANGE, GREY = "#1080C4", "#D55E00", "#009E73", "#E69F00", "#8a8f98"
