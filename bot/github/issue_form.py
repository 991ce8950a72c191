"""Issue forms of GitHub: what people typed into the fields, out of the Markdown that GitHub makes of it.

A form arrives as text with a heading a field, and people may type headings as well. So it is read strictly:
each of the form's headings once and in order, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.errors import UsageError

NOTHING = "_No response_"
"""What GitHub writes for a field that was left empty."""
MOST = 64 << 10
MOST_FIELD = 1000


def fields(body: str, headings: Sequence[str]) -> dict[str, str]:
    """The value of each field by its heading; empty where nothing was typed. UsageError for any other text."""
    if len(body) > MOST:
        raise UsageError("the issue is too long to be the form that was sent")
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    places = [
        at for at, line in enumerate(lines) if line.strip() in {f"### {heading}" for heading in headings}
    ]
    found = [lines[at].strip().removeprefix("### ") for at in places]
    if found != list(headings):
        wanted = ", ".join(headings)
        raise UsageError(
            f"the issue is not the form as it was sent: it needs the headings {wanted}, each once, in this order"
        )
    if any(line.strip() for line in lines[: places[0]]):
        raise UsageError("the issue is not the form as it was sent: there is text above its first field")
    values = {}
    for heading, begin, end in zip(found, places, [*places[1:], len(lines)], strict=True):
        value = "\n".join(lines[begin + 1 : end]).strip()
        if len(value) > MOST_FIELD:
            raise UsageError(f"{heading}: at most {MOST_FIELD:,} characters are read")
        values[heading] = "" if value == NOTHING else value
    return values


def one_line(heading: str, value: str) -> str:
    """The value of a field that holds one line. UsageError when somebody made it hold more."""
    if "\n" in value:
        raise UsageError(f"{heading}: one line is expected")
    return value
