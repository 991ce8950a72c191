from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import calls, no_hang

from bot.sources.html_text import LONGEST, html_to_text

LINK = (
    '<a href="https://www.example.org/money/2019/dec/07/a-long-way" rel="nofollow noopener" target="_blank">'
    '<span class="invisible">https://www.</span><span class="ellipsis">example.org/money/2019/dec</span>'
    '<span class="invisible">/07/a-long-way</span></a>'
)
SHORT_LINK = (
    '<a href="https://example.org" rel="nofollow"><span class="invisible">https://</span>'
    '<span class="">example.org</span><span class="invisible"></span></a>'
)
MENTION = (
    '<span class="h-card" translate="no">'
    '<a href="https://a.example/@bob" class="u-url mention">@<span>bob</span></a></span>'
)
TAGS = [
    "<p>",
    "</p>",
    "<br>",
    "<br/>",
    "<a>",
    "</a>",
    "<ul>",
    "<li>",
    "</ul>",
    "<b>",
    "<!--",
    "-->",
    "<table>",
    "<tr>",
]
HASHTAG = '<a href="https://a.example/tags/birds" class="mention hashtag" rel="tag">#<span>birds</span></a>'


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("All is well", "All is well"),
        ("<p>One</p><p>Two<br />Three<br>Four</p>", "One\n\nTwo\nThree\nFour"),
        (f"<p>Read {LINK}</p>", "Read"),
        (f"<p>Read {SHORT_LINK} again</p>", "Read  again"),
        (f"<p>{MENTION} hello {HASHTAG}</p>", "@bob hello #birds"),
        ('<p><a href="https://x.example/tag/b" rel="tag">#b</a></p>', "#b"),
        ('<p><a href="https://x.example/@bob">@bob@x.example</a></p>', "@bob@x.example"),
        ('<p><a href="https://example.org/a/b?c=1">https://example.org/a/b?c=1</a></p>', ""),
        ('<p><a href="https://example.org/a/b">example.org/a/b</a> on</p>', "on"),
        ('<p><a href="https://example.org/long/way">example.org/lo…</a></p>', ""),
        ('<p>on <a href="https://example.org/a">my page</a>, at last</p>', "on my page, at last"),
        ('<p>the <a href="https://example.org/">e.g.</a> of it</p>', "the e.g. of it"),
        (
            f'<p class="quote-inline">RE: {LINK}</p><p>So true</p>',
            "So true",
        ),
        ('<p>a<span class="invisible">hidden</span>b</p>', "ab"),
        ("<p>1 &lt; 2 &amp;&amp; &quot;x&quot; &#39;y&#39; &amp;lt;</p>", "1 < 2 && \"x\" 'y' &lt;"),
        ("<p>I :heart: it, &lt;3</p>", "I :heart: it, <3"),
        ('<p>I <img class="custom-emoji" alt=":heart:" src="x.png"> it</p>', "I :heart: it"),
        ("<ul><li>one</li><li>two</li></ul><blockquote><p>said</p></blockquote>", "one\n\ntwo\n\nsaid"),
        ("<p>one</p><script>alert(1)</script><style>p {}</style><!-- x --><p>two</p>", "one\n\ntwo"),
        (
            "<p><strong>bold</strong> <em>and</em> <del>gone</del> <code>x = 1</code></p>",
            "bold and gone x = 1",
        ),
        ("<p>never <b>closed", "never closed"),
        ("</p></a></span>closed", "closed"),
        ("2 < 3 and 4 > 3", "2 < 3 and 4 > 3"),
        ("<p>日本語の<br>投稿 مرحبا 🐦</p>", "日本語の\n投稿 مرحبا 🐦"),
    ],
)
def test_html_becomes_what_a_reader_sees(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_what_is_longer_than_any_post_is_refused() -> None:
    assert html_to_text("a" * LONGEST) == "a" * LONGEST
    with pytest.raises(ValueError, match="longer than any post"):
        html_to_text("a" * (LONGEST + 1))


@pytest.mark.parametrize(
    "bad",
    [
        "<",
        "<!--",
        "<a>",
        "<b>",
        "<div>",
        "<a href='",
        "&",
        "&#",
        "<![CDATA[",
        "</",
        "<script>",
        "<a>x</a>",
        "\n",
    ],
)
def test_twice_the_hostile_html_is_at_most_twice_the_work(bad: str) -> None:
    half, whole = (bad * (LONGEST // len(bad) // share) for share in (2, 1))
    with no_hang():
        assert calls(lambda: html_to_text(whole)) < 2.5 * calls(lambda: html_to_text(half))


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [*TAGS, "</table>", "<svg>", "&amp;", "<", "<span>", "</span>", "</p/>", "<script>"]
            ),
            st.text(max_size=5),
        )
    )
)
def test_any_html_has_a_text(parts: list[str]) -> None:
    text = html_to_text("".join(parts))
    assert text == text.strip()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_escaped_text_comes_back(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert html_to_text(f"<p>{escaped}</p>") == text.strip()
