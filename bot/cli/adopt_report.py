"""What was understood of an older card, for a person and for a machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

from bot.apply.adopt.adoption import Adoption
from bot.apply.adopt.old_card import OldCard
from bot.apply.adopt.takeover import kept_metadata
from bot.cli.json_outputs import AdoptionJson
from bot.render import escape

COUNTS = ("downloaded", "retweets", "short", "kept")


def print_adoption(adoption: Adoption, stream: IO[str]) -> None:
    """Prints what was understood as a table, then the other facts, then what was not."""
    from bot.cli import report

    print(f"{adoption.name}: {adoption.result}: {_line(adoption.reason)}", file=stream)
    if adoption.card is None:
        return
    accounts = adoption.card.accounts
    if accounts:
        rows = [
            ["name", *(account.name for account in accounts)],
            *([count, *(f"{getattr(account.counts, count):,}" for account in accounts)] for count in COUNTS),
            ["picture", *("linked" if account.avatar else "none" for account in accounts)],
        ]
        report.print_table(("", *(f"@{account.handle}" for account in accounts)), rows, stream)
    for name, value in _facts(adoption, adoption.card):
        print(f"  {name}: {_line(value)}", file=stream)
    for note in adoption.notes:
        print(f"  note: {_line(note)}", file=stream)
    for fault in adoption.faults:
        print(f"  not understood: {_line(fault)}", file=stream)


def to_json(adoption: Adoption) -> AdoptionJson:
    """The adoption as `--json` prints it."""
    value: AdoptionJson = {
        "name": adoption.name,
        "result": adoption.result,
        "reason": adoption.reason,
        "commit": adoption.commit,
        "listed": adoption.listed,
        "notes": list(adoption.notes),
        "faults": list(adoption.faults),
    }
    old = adoption.card
    if old is None:
        return value
    return {
        **value,
        "generation": old.generation,
        "handles": list(old.handles),
        "accounts": [
            {
                "handle": account.handle,
                "name": account.name,
                "avatar": account.avatar,
                "downloaded": account.counts.downloaded,
                "retweets": account.counts.retweets,
                "short": account.counts.short,
                "kept": account.counts.kept,
            }
            for account in old.accounts
        ],
        "base": old.base,
        "trained_at": adoption.trained_at.isoformat() if adoption.trained_at else None,
        "weights": list(adoption.weights),
        "run_url": old.run_url,
        "data_url": old.data_url,
        "model_url": old.model_url,
        "report_url": old.report_url,
        "metadata": kept_metadata(old),
    }


def exit_code(adoptions: Sequence[Adoption]) -> int:
    """1 when one failed or was refused, else 0."""
    return int(any(adoption.result in ("failed", "refused") for adoption in adoptions))


def _facts(adoption: Adoption, old: OldCard) -> Iterator[tuple[str, str]]:
    yield "card", old.generation
    if adoption.trained_at is not None:
        yield "made", f"{adoption.trained_at:%Y-%m-%d}"
    yield "base", old.base or "not stated"
    yield "weights", ", ".join(adoption.weights) or "none"
    for name, url in (
        ("run", old.run_url),
        ("data", old.data_url),
        ("model", old.model_url),
        ("report", old.report_url),
    ):
        if url is not None:
            yield name, url
    kept = kept_metadata(old)
    if kept:
        yield "front matter kept", ", ".join(kept)


def _line(text: str) -> str:
    """Text of a stranger's card on one line of a terminal."""
    return escape.clean(text)
