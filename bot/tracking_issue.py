"""The one issue that tells of failures that last: which entries, why, since which run. Text in, text out.

The issue is its own memory: the names it speaks of stand in it, in a form for machines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping

from bot.markdown import code, cut, prose, table
from bot.report import Outcome
from bot.steps import Step

LABEL = "fleet"
"""The label by which the issue is found; whoever may label issues is trusted."""
TITLE = "Models that could not be made"
_MARK = re.compile(r"<!-- mynah: failing (\[.*?\]) -->")
MOST = 55_000


def failing(
    steps: Iterable[Step], outcomes: Iterable[Outcome], before: Collection[str], *, partial: bool
) -> dict[str, str]:
    """Why each entry fails that fails for longer than one run, by name.

    That are those that wait after an earlier failure, and those of the issue so far (`before`) that failed
    again or were not looked at, which only happens to a run that was `partial`.
    """
    steps = list(steps)
    results = {outcome.name: outcome for outcome in outcomes}
    found = {step.name: step.reason for step in steps if step.cause == "waiting"}
    for name in before:
        outcome = results.get(name)
        if outcome is not None and outcome.result in ("failed", "deferred"):
            found[name] = outcome.reason
        elif outcome is None and name not in found:
            unheard = any(step.name == name and step.action in ("train", "card", "remove") for step in steps)
            looked_at = any(step.name == name for step in steps)
            if unheard or (partial and not looked_at):
                found[name] = "not looked at in the last run"
    return dict(sorted(found.items()))


def names(body: str) -> tuple[str, ...]:
    """The names that an issue of ours speaks of; none where it was edited beyond reading."""
    found = _MARK.match(body)
    try:
        value = json.loads(found[1]) if found else []
    except ValueError:
        return ()
    return tuple(name for name in value if isinstance(name, str))


def body(failures: Mapping[str, str], run: str | None) -> str:
    """The text of the issue while something fails."""
    rows = [(code(name), prose(reason)) for name, reason in failures.items()]
    last = f"[The last run]({run}) says more. " if run else ""
    text = (
        f"{len(failures)} {'entry fails' if len(failures) == 1 else 'entries fail'}, and did so before the last run. "
        f"The others are not held up by {'it' if len(failures) == 1 else 'them'}.\n\n"
        f"{table(('model', 'why'), rows)}\n"
        f"{last}Each is tried again by itself, after a growing pause, or at once when its entry changes or the "
        "`publish` workflow is run with its name in `only`. This issue is kept up to date by the bot, and closed "
        "when nothing fails any more.\n"
    ).replace("\\\n", "\n")
    return _marked(failures) + cut(text, MOST, "More are in the summary of the last run.")


def ended(run: str | None) -> str:
    """The text of the issue when nothing fails any more."""
    last = f" ([last run]({run}))" if run else ""
    return (
        _marked({}) + f"Nothing fails{last}. The bot opens this issue again when something does for longer.\n"
    )


def _marked(failures: Iterable[str]) -> str:
    # No name may end the comment that it stands in.
    listed = json.dumps(sorted(failures)).replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<!-- mynah: failing {listed} -->\n"
