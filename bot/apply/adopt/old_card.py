"""An older card as facts: whom the model imitates, the counts, the links. Pure: a README's text in, values out.

Three generations are known: one picture, one picture with the newer report link, and up to three pictures. What
is not certain becomes a fault, and a card with a fault is never written over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.apply.adopt import columns, header, statistics
from bot.errors import BotError
from bot.hub import front_matter
from bot.render import escape
from bot.sources import handles as handle_rules

SYSTEM = "huggingtweets"
SYSTEM_URL = "https://github.com/borisdayma/huggingtweets"
MAX_BYTES = 1 << 20
BASES = {
    "gpt2": "openai-community/gpt2",
    "gpt2-medium": "openai-community/gpt2-medium",
    "gpt2-large": "openai-community/gpt2-large",
    "gpt2-xl": "openai-community/gpt2-xl",
    "distilgpt2": "distilbert/distilgpt2",
}
"""Where the Hub keeps the models that older cards call by a name without a namespace."""
SECTIONS = {
    *("how does it work?", "training data", "training procedure", "how to use", "about"),
    *("limitations and bias", "intended uses & limitations"),
}
"""Headings that the older system wrote, in lower case: any other is a person's."""
_HEADING = re.compile(r"^##[ \t]+(.*\S)", re.MULTILINE)
_REPORT = re.compile(r"\((https://(?:app\.)?wandb\.ai/[^\s()]+/reports/[^\s()]+)\)")
_RUN = re.compile(r"\((https://(?:app\.)?wandb\.ai/[^\s()]+/runs/[\w-]+)(/artifacts[^\s()]*)?\)")
_BASE = re.compile(r"\(https://huggingface\.co/([\w.-]+(?:/[\w.-]+)?)\)")
_TRAINED_ON = re.compile(r"\(https://twitter\.com/(\w+)\)|@([A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*)'s tweets")
_MADE_AT = re.compile(r"/(1[4-9]\d{11})/[^/]*\Z")


@dataclass(frozen=True, slots=True)
class OldAccount:
    """One person: display name, address of the profile picture or None, and the counts of the table."""

    handle: str
    name: str
    avatar: str | None
    counts: statistics.Counts


@dataclass(frozen=True, slots=True)
class OldCard:
    """What the card says. `accounts` are in the table's order; empty, and `faults` say why, where that is unsure.

    `base` is a Hub id or None, `made_at` the time in its thumbnail's address. `notes` are worth knowing only.
    """

    generation: str
    handles: tuple[str, ...]
    accounts: tuple[OldAccount, ...]
    metadata: dict[str, Any] = field(default_factory=dict)
    base: str | None = None
    made_at: datetime | None = None
    run_url: str | None = None
    data_url: str | None = None
    model_url: str | None = None
    report_url: str | None = None
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class NotAnOldCardError(BotError):
    """The README is some other card: there is nothing to adopt."""


def read(data: bytes, order: Sequence[str] = ()) -> OldCard:
    """Reads a README. NotAnOldCardError when the older system did not write it.

    `order` gives the handles in the table's order, where a person knows what the card does not say.
    """
    if len(data) > MAX_BYTES:
        raise NotAnOldCardError(f"README.md has {len(data):,} bytes, more than any card of {SYSTEM}")
    faults: list[str] = []
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    if "\ufffd" in text:
        faults.append("README.md is not UTF-8 throughout: save it again as UTF-8")
    metadata, body = _front(text, faults)
    table = statistics.find(_section(body, "Training data"))
    tags = metadata.get("tags")
    if SYSTEM_URL not in body and not (isinstance(tags, list) and SYSTEM in tags):
        raise NotAnOldCardError(f"README.md is not a card of {SYSTEM}: it names that system nowhere")
    if table is None:
        raise NotAnOldCardError(
            f"README.md has no table of tweets downloaded and kept, as cards of {SYSTEM} have"
        )
    head = header.read(re.split(r"^##\s", body, maxsplit=1, flags=re.MULTILINE)[0])
    people = _handles(head, body, faults)
    columns_of, notes = _columns(head, table, people, order, faults)
    procedure, training = _section(body, "Training procedure"), _section(body, "Training data")
    run, model = _run(procedure)
    data_run = _RUN.search(training)
    report = _REPORT.search(body)
    base = _BASE.search(procedure)
    links = {
        "the data": data_run and data_run[0],
        "the training run": run,
        "the final model": model,
        "the report": report and report[1],
    }
    notes += [f"no tracked link to {what}" for what, link in links.items() if not link]
    if base is None:
        notes.append("it does not say what it was trained from")
    if own := [title for title in _HEADING.findall(body) if title.casefold() not in SECTIONS]:
        notes.append(f"somebody added sections, which the new card does not hold: {', '.join(own)}")
    return OldCard(
        generation=_generation(head, report[1] if report else ""),
        handles=people,
        accounts=() if faults else tuple(columns_of),
        metadata=metadata,
        base=BASES.get(base[1], base[1] if "/" in base[1] else None) if base else None,
        made_at=_made_at(metadata.get("thumbnail")),
        run_url=run,
        data_url=data_run[0].strip("()") if data_run else None,
        model_url=model,
        report_url=report[1] if report else None,
        notes=tuple(notes),
        faults=tuple(faults),
    )


def _front(text: str, faults: list[str]) -> tuple[dict[str, Any], str]:
    try:
        return front_matter.parse(text), front_matter.split(text)[1]
    except ValueError as error:
        faults.append(f"{error}; fix it on the Hub first, since what it says is kept")
    try:
        return {}, front_matter.split(text)[1]
    except ValueError:
        return {}, text


def _section(body: str, title: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(rf"^##\s+{title}\s*$(.*?)(?=^##\s|\Z)", body, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    return found[1] if found else ""


def _handles(head: header.Header, body: str, faults: list[str]) -> tuple[str, ...]:
    """The handles that the head and the text agree on."""
    stated = [head.handles] if head.handles else []
    text = _section(body, "Training data") + _section(body, "Training procedure")
    stated += [tuple((found[1] or found[2]).lower().split("-")) for found in _TRAINED_ON.finditer(text)]
    if not stated:
        faults.append("it names no handle")
        return ()
    others = sorted({"-".join(one) for one in stated if sorted(one) != sorted(stated[0])})
    if others:
        faults.append(f"it names different handles: {'-'.join(stated[0])} and {', '.join(others)}")
    if len(set(stated[0])) < len(stated[0]):
        faults.append(f"it names one handle twice: {'-'.join(stated[0])}")
    for handle in stated[0]:
        try:
            handle_rules.normalise(handle, "x")
        except ValueError as error:
            faults.append(str(error))
    return stated[0]


def _columns(
    head: header.Header,
    table: statistics.Table,
    people: Sequence[str],
    order: Sequence[str],
    faults: list[str],
) -> tuple[list[OldAccount], list[str]]:
    """The accounts in the table's order, and notes on what had to be concluded."""
    if not people:
        return [], []
    notes: list[str] = []
    numbers, wrong = statistics.counts(table, len(people))
    faults += wrong
    names = statistics.column_names(table.head, head.names, len(people))
    if names is None:
        faults.append(
            f"the {'name' if len(people) == 1 else f'names of {len(people)} people'} cannot be distinguished"
        )
        return [], notes
    of = _order(names, people, order, notes, faults)
    if of is None or wrong:
        return [], notes
    for handle, count in zip(of, numbers, strict=True):
        if (fault := count.fault()) is not None:
            faults.append(f"the numbers of @{handle} do not add up: {fault}")
    pictures = head.avatars
    if len(pictures) != min(len(people), 3):
        notes.append(
            f"it shows {len(pictures)} profile pictures for {len(people)} people: placeholders instead"
        )
        pictures = ()
    padded = [*pictures, *[None] * (len(people) - len(pictures))]
    return [
        OldAccount(handle, escape.clean(name), avatar, count)
        for handle, name, avatar, count in zip(of, names, padded, numbers, strict=True)
    ], notes


def _order(
    names: Sequence[str], people: Sequence[str], given: Sequence[str], notes: list[str], faults: list[str]
) -> tuple[str, ...] | None:
    """The handles in the columns' order: as a person gave it, else as the names show."""
    if given:
        if sorted(given) != sorted(people):
            faults.append(f"--handles names {', '.join(given)}, and the card {', '.join(people)}")
            return None
        return tuple(given)
    if len(people) == 1:
        return tuple(people)
    found = columns.order(names, people)
    if found is None:
        listed = ", ".join(f"{name!r}" for name in names)
        faults.append(
            f"it is not certain whose column is whose: the columns are {listed}, the handles {', '.join(people)}; "
            "give the handles in the columns' order with --handles"
        )
    else:
        notes.append("which column is whose was concluded from the names: look at it")
    return found


def _run(section: str) -> tuple[str | None, str | None]:
    """The training run and the final model of a section: the latter is the run's artifacts."""
    found = list(_RUN.finditer(section))
    run = next((each[1] for each in found if not each[2]), None)
    model = next((each[1] + each[2] for each in found if each[2]), None)
    return run, model


def _made_at(thumbnail: object) -> datetime | None:
    """The time at which the card's picture was made, milliseconds in its address."""
    found = _MADE_AT.search(thumbnail) if isinstance(thumbnail, str) else None
    return datetime.fromtimestamp(int(found[1]) // 1000, UTC) if found else None


def _generation(head: header.Header, report: str) -> str:
    if head.several:
        return "up to three pictures"
    return "one picture, older report link" if "//app." in report else "one picture"
