"""HTML to text, under caps that keep hostile HTML cheap.

Tests html_text and inline_images too.
"""

import pytest

from tests.cputime import takes_at_most
from tickets.mail.html_text import MAX_NODES, html_text, loose_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one   \n two</div>", "one two"),
        ("<b>bo</b><i>ld</i>", "bold"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a&nbsp;b &lt;c&gt;", "a b <c>"),
        ("<style>p{}</style><script>x()</script><title>t</title>text<!-- no -->", "text"),
        ('<img src="cid:1" alt="logo">', "logo"),
        ("<p>&nbsp;</p><p>&nbsp;</p><p>text</p>", "text"),
        ("<noscript>shown</noscript>", "shown"),
        ("no tags at all", "no tags at all"),
        ("<p>unclosed <b>every<i>where", "unclosed everywhere"),
        ("直播<b>卡顿</b>", "直播卡顿"),
        ("<html><head><title>Hi<body><p>words</p>", "Hi\n\nwords"),
        ("<title></title><style>x</style><title><p>words", "words"),
        ("<p>a<!-- b <p>words", "a b\n\nwords"),
        ("<p>a<script>b<p>words", "a b\n\nwords"),
        ("<object><p>words", "words"),
        ("<p>On 5 Jan Anna <anna@c.example> wrote:", "On 5 Jan Anna <anna@c.example> wrote:"),
        ("<!--[if mso]>x<![endif]--><p>words", "words"),
        ("", ""),
    ],
)
def test_text_reads_as_a_browser_shows_it(html, text):
    assert html_text(html).strip() == text


@pytest.mark.parametrize("tag", ["div", "span", "blockquote", "b", "table><tr><td", "ul><li", "font"])
@pytest.mark.parametrize("depth", [100, 5_000])
def test_text_nested_deeply_is_not_lost(tag, depth):
    assert "the words" in html_text(f"<{tag}>" * depth + "the words")


@pytest.mark.parametrize(
    "seed",
    [
        "<div>",
        "<b><a href=x>",
        "<p><font>",
        "<table><tr><td>",
        "<li><ul>",
        "<",
        "<a b",
        "<!--",
        "<p a=1 ",
        "<b><p></b>",
    ],
)
def test_hostile_html_stays_cheap(seed):
    assert takes_at_most(2, lambda: html_text(seed * 50_000 + "the words"))


def test_thousands_of_attributes_stay_cheap_and_their_tag_stays():
    swarm = " ".join(f"a{number}=1" for number in range(50_000))
    assert html_text(f"<p {swarm}>the words</p>").strip() == "the words"
    assert takes_at_most(0.2, lambda: html_text(f"<p {swarm}>the words</p>"))


def test_words_beyond_the_cap_on_nodes_are_kept():
    html = "<b>x</b> " * (MAX_NODES + 10) + "<p>the <i>last</i> words</p>"
    assert "the last words" in " ".join(html_text(html)[-60:].split())


def test_html_too_large_to_parse_still_gives_its_words():
    assert loose_text("<p>one</p>" + "<i></i>" * 10 + "<p>two").split() == ["one", "two"]
