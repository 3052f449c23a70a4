import time

import pytest

from curation.engine.steps.markup import StripMarkup
from tests.curation.engine.tiny import apply


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("<p>Hi<br>you &amp; me</p>\n<ul>\n<li>one<li>two</ul>", "Hi\nyou & me\n\none\ntwo"),
        ("<b>bold</b> and <i class='x>y'>it</i>", "bold and it"),
        ("<script>var a = '<b>';</script>x<style>p {}</style >", "x"),
        ("<SCRIPT SRC=x></SCRIPT>ok", "ok"),
        ('<note to="a"><body2>hey</body2></note>', "hey"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("<!-- <p> --><!DOCTYPE html><?xml version='1.0'?>ok", "ok"),
        ("<![CDATA[a]]>", "a"),
        ("<input disabled value=3>in", "in"),
        ("<img src=x alt='a < b'>pic", "pic"),
        ("你好<br/>世界<p>😀</p>", "你好\n世界\n😀"),
        ("&lt;b&gt; &#20013;&#x6587; &hearts; &#128512;", "<b> 中文 ♥ 😀"),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_markup_goes(text: str, bare: str) -> None:
    result = apply(StripMarkup(), [text])
    assert (result.kept, result.changed) == ({1: bare}, 1)


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "if a <b and c> d",
        "I <3 you",
        "List<String> names",
        "Ann <ann@example.org>",
        "<http://example.org>",
        "x<y>z",
        "<b",
        "<!-- never closed",
        "?a=1&copy=2",
        "AT&T; R&D",
        "<>",
        "😀",
        "",
        None,
    ],
)
def test_what_only_looks_like_markup_stays(text: str | None) -> None:
    result = apply(StripMarkup(), [text])
    assert (result.kept, result.changed) == ({1: text}, 0)


def test_entities_alone() -> None:
    result = apply(StripMarkup(mode="entities"), ["<b>You &amp; me</b>", "&lt;#&gt;", "plain", None])
    assert result.kept == {1: "<b>You & me</b>", 2: "<#>", 3: "plain", 4: None}
    assert result.changed == 2


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="mode is 'xml'; choose one of html, entities"):
        StripMarkup(mode="xml")


HOSTILE = [
    "<",
    "<a ",
    "<!--",
    "<script>",
    "<a b='",
    "<a b=\"' ",
    "&",
    "&#",
    "</",
    "<?",
    "<p>",
    "<a b = ",
    " \n",
    "<a/ ",
]


@pytest.mark.parametrize("unit", [*HOSTILE, "<a b=\"<a c='\" x='", "<script></scrip", "<![CDATA["])
def test_a_hostile_megabyte_takes_linear_time(unit: str) -> None:
    """Quadratic time would be many minutes for a megabyte; the slowest of these takes a third of a second."""
    started = time.process_time()
    apply(StripMarkup(), [unit * (1_000_000 // len(unit)), f"x<p>y{' ' * 1_000_000}z"])
    assert time.process_time() - started < 5
