from __future__ import annotations

import pytest

from nids.dashboard.components.markdown import code, plain, unbroken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a b", "a b", id="words"),
        pytest.param("<b>*x*</b>", r"\<b\>\*x\*\<\/b\>", id="markup"),
        pytest.param("$x$ :red[y] `z`", r"\$x\$ \:red\[y\] \`z\`", id="formula-colour-code"),
        pytest.param("www.a.org", "www\u200b\\.a\\.org", id="host"),
        pytest.param("HTTP://a https://b", "HTTP\\:\u200b\\/\\/a https\\:\u200b\\/\\/b", id="address"),
        pytest.param("me@a.org", "me\u200b\\@a\\.org", id="mail"),
        pytest.param("# a\n\n1. b", r"\# a 1\. b", id="blocks"),
    ],
)
def test_a_text_is_shown_letter_by_letter(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("nids runs", "`nids runs`"), ("a`b", "`` a`b ``"), ("``a``", "``` ``a`` ```"), ("a\nb", "`a b`")],
)
def test_code_is_fenced_by_more_than_it_holds(text: str, expected: str) -> None:
    assert code(text) == expected


def test_figures_stay_together() -> None:
    assert unbroken(plain("94 ± 2 % of")) == "94\u00a0±\u00a02\u00a0\\% of"
