from __future__ import annotations

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.render.markdown import code, cut, link, prose, table

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/a.png)",
    "[click](https://evil.example)",
    "https://evil.example www.evil.example",
    "@everyone #1 GH-2 org/repo#3",
    "a | b \\| c",
    "```\n# heading\n```",
    "- list",
    "1. list",
    "**bold** _em_ ~~gone~~ `code` $x$",
    "&lt;b&gt;",
    "``",
    "`",
    "x`",
)


def rendered(markdown: str) -> str:
    return str(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_strangers_text_is_words_in_a_paragraph_and_in_a_cell(text: str) -> None:
    page = rendered(f"{prose(text)}\n\n{table(('a', 'b'), [(text, 'end')])}")
    for tag in ("<img", "<a ", "<code", "<h1", "<li", "<strong", "<em", "<del", "<b>", "<pre"):
        assert tag not in page
    assert page.count("<td") == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_as_code_it_is_one_code_span(text: str) -> None:
    page = rendered(table(("a", "b"), [(code(text), "end")]))
    assert page.count("<td") == 2
    assert page.count("<code>") == page.count("</code>") == 1
    for tag in ("<img", "<a ", "<h1", "<li", "<strong"):
        assert tag not in page


@given(st.text(max_size=60))
@example("@a")
def test_no_mention_and_no_issue_survives(text: str) -> None:
    import html
    import re

    shown = html.unescape(str(prose(text)))
    assert not re.search(r"@\w|#\d|://|www\.", shown)


@given(st.text(max_size=60))
def test_a_row_stays_one_row_of_two_cells(text: str) -> None:
    markdown = MarkdownIt("gfm-like", {"linkify": False}).render(table(("a", "b"), [(text, code(text))]))
    assert markdown.count("<tr>") == 2
    assert markdown.count("<td>") == 2


def test_only_an_address_without_surprises_becomes_a_link() -> None:
    assert link("a|b", "https://hub.example/org/a") == "[a&#124;b](https://hub.example/org/a)"
    assert link("x", "javascript:alert(1)") == "x"
    assert link("x", "https://hub.example/a)![](b") == "x"


def test_a_cut_ends_after_a_line_and_says_so() -> None:
    assert cut("short", 100, "more") == "short"
    text = cut("line ü\n" * 100, 60, "more")
    assert len(text.encode()) <= 60
    assert text.endswith("line ü\n\n\nmore\n")
