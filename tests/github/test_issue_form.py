from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.github.issue_form import fields, one_line

HEADINGS = ("Handles", "Network", "Consent")


def form(handles: str = "ada_example", network: str = "x", consent: str = "self", end: str = "\n") -> str:
    parts = zip(HEADINGS, (handles, network, consent), strict=True)
    return f"{end}{end}".join(f"### {heading}{end}{end}{value}" for heading, value in parts)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_form_is_read_as_it_was_typed(end: str) -> None:
    assert fields(form(end=end), HEADINGS) == {"Handles": "ada_example", "Network": "x", "Consent": "self"}


def test_a_field_left_empty_is_empty() -> None:
    assert fields(form(consent="_No response_"), HEADINGS)["Consent"] == ""


@pytest.mark.parametrize(
    "body",
    [
        "",
        "please add ada",
        form(handles="ada\n\n### Network\n\narchive"),
        form(consent="self\n### Handles\nbob"),
        "### Network\n\nx\n\n### Handles\n\nada\n\n### Consent\n\nself",
        "ignore this\n" + form(),
        form().replace("### Consent", "## Consent"),
    ],
)
def test_a_text_that_is_not_the_form_is_refused_as_a_whole(body: str) -> None:
    with pytest.raises(UsageError, match="not the form"):
        fields(body, HEADINGS)


def test_too_much_is_refused() -> None:
    with pytest.raises(UsageError, match="too long"):
        fields("x" * 70_000, HEADINGS)
    with pytest.raises(UsageError, match="Consent: at most"):
        fields(form(consent="y" * 1001), HEADINGS)


def test_a_line_is_one_line() -> None:
    with pytest.raises(UsageError, match="one line"):
        one_line("Handles", "a\nb")
    assert one_line("Consent", "self") == "self"


@given(st.text(max_size=200))
def test_any_text_is_fields_or_a_sentence(text: str) -> None:
    for body in (text, form(consent=text)):
        try:
            found = fields(body, HEADINGS)
        except UsageError:
            continue
        assert list(found) == list(HEADINGS)
