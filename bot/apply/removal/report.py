"""The report of a takedown: what was done and checked, place by place, and what remains out of reach."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bot.apply.removal import local_traces
from bot.apply.removal.registry_check import is_removed
from bot.errors import BotError
from bot.hub import repo_people
from bot.training import tracker_runs

if TYPE_CHECKING:
    from bot.apply.removal.takedown import Survey, Unpublished
    from bot.manifest import Tracking
    from bot.registry import Registry
    from bot.store import Purged

GUIDE = "docs/removal.md"
"""The page that lists what remains, with the call that deletes it."""

NOT_FINAL = (
    "NOT FINAL: merge the pull request. Until then nothing is deleted, only hidden; run this again after "
    "the merge if the policy is to delete"
)

T = TypeVar("T")


@dataclass(slots=True)
class Report:
    """The lines of a takedown, in the order of what was done. `public`: everybody reads them, so nobody is named
    who is among the removed, `gone`.
    """

    public: bool
    gone: Container[str] = ()
    lines: list[str] = field(default_factory=list)
    failed: bool = False
    final: bool = True
    _words: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """1 when something could not be done, read or proven."""
        return BotError.exit_code if self.failed else 0

    def redact(self, words: Iterable[str]) -> None:
        """From here on no line holds one of these words: handles, and models that are named after them."""
        self._words += sorted(filter(None, words), key=len, reverse=True)

    def attempt(self, place: str, deed: Callable[[], T], otherwise: T) -> T:
        """Returns the result of `deed`, or `otherwise` after a warning: the rest of the takedown goes on."""
        try:
            return deed()
        except BotError as error:
            self.warn(f"{place}: NOT DONE: {error}")
            return otherwise

    def checked(self, place: str, sentence: str) -> None:
        """Adds what was looked at after the deed."""
        self.lines.append(f"{place}: {self._redacted(sentence)}")

    def warn(self, line: str) -> None:
        """Adds what went wrong: the takedown is unfinished."""
        self.failed = True
        self.lines.append(self._redacted(line))

    def not_final(self) -> None:
        """Adds that the tombstone is not on the default branch yet; that alone is no failure."""
        self.final = False
        self.lines.append(NOT_FINAL)

    def tombstone(self, registry: Registry, person: str) -> None:
        """Adds what the registry shows, read again."""
        self.gone = registry.gone
        if is_removed(registry, person):
            self.checked("Tombstone", f"{registry.path} was read again: it holds one, and no entry of theirs")
        else:
            self.warn(
                f"Tombstone: NOT PROVEN: {registry.path} was read again and does not show it; look at it"
            )

    def models(self, found: Survey, done: Unpublished) -> None:
        """Adds what was done with the models, and which repos could not be read."""
        for names, became in ((done.deleted, "deleted"), (done.hidden, "made private")):
            certain = [name for name in names if name in found.named]
            if certain:
                self.checked(
                    "Models",
                    f"{_count(certain, 'model')} of this person {became}; asked for again without a token, "
                    f"{'it is' if len(certain) == 1 else 'none is'}{' not' if len(certain) == 1 else ''} visible",
                )
        possible = [name for name in done.hidden if name in found.possible]
        if possible:
            self.checked(
                "Models",
                f"{_count(possible, 'repo')} whose name may be theirs made private, not visible without a token: "
                "look at it, then delete it or make it public again",
            )
        for name, why in done.left.items():
            self.warn(f"Models: STILL THERE: {name}: {why}; run this again")
        if found.unread:
            listed = ", ".join(self._shown(name) for name in found.unread)
            self.warn(
                f"Models: NOT PROVEN: {_count(found.unread, 'repo')} of ours cannot be read, so whether this person "
                f"is in them is not known: {listed}; repair or delete them, then run this again"
            )
        elif not (found.named or found.possible or done.left) and not self.failed:
            self.checked("Models", "no repo in the listing names this person by its card, manifest or name")
        if found.strangers:
            self.checked(
                "Models",
                f"{_count(found.strangers, 'repo')} with their name that this bot did not make, left alone"
                + ("" if self.public else f": {', '.join(found.strangers)}"),
            )

    def posts(self, purged: Purged | None) -> None:
        """Adds what was deleted from the store, what was read afterwards, and what may be left there."""
        if purged is None:
            return
        self.checked(
            "Posts", f"{purged.files:,} {'file' if purged.files == 1 else 'files'} deleted from the store"
        )
        for line in purged.checked:
            self.checked("Posts", line)
        for line in purged.remains:
            self.checked("Posts: REMAINS", line)

    def elsewhere(
        self,
        runs: Sequence[Tracking],
        words: Sequence[str],
        folders: Sequence[Path],
        environment: Mapping[str, str],
        accounts: Sequence[str] = (),
    ) -> None:
        """Deletes tracked runs and what the bot keeps on this machine, and says what was seen afterwards."""
        for deletion in tracker_runs.delete(runs, environment):
            self.checked("Trackers" if deletion.gone else "Trackers: REMAINS", deletion.sentence)
        cleared = local_traces.clear(words, folders, environment, accounts)
        for line in cleared.checked:
            self.checked("This machine", line)
        for line in cleared.remains:
            self.checked("This machine: REMAINS", line)

    def remains(self, *, hidden: bool, in_workflow: bool) -> None:
        """Adds the places that no command of the bot reaches."""
        places = ["the git history of the registry"]
        if hidden:
            places.append(
                "every file and commit of a model that is only private (policy.removal: delete ends it)"
            )
        places += ["caches of browsers and networks", "copies by others", "files of --report and --out"]
        if in_workflow:
            places.append("logs and artifacts of earlier runs, and the issue that asked")
        self.checked("Remains", f"{'; '.join(places)}: {GUIDE} has the call that deletes each")
        if in_workflow:
            self.lines.append(
                "If `publish` is at work now, run this again when it has ended: it began with the registry as it was"
            )

    def _shown(self, name: str) -> str:
        """A repo's name, unless it may be that of somebody who was removed and everybody reads it."""
        redacted = self.public and any(handle in self.gone for handle in repo_people.possible(name))
        return "one whose name may be theirs" if redacted else name

    def _redacted(self, line: str) -> str:
        for word in self._words if self.public else ():
            line = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "[removed]", line, flags=re.IGNORECASE)
        return line


def _count(names: Sequence[str], noun: str) -> str:
    return f"{len(names):,} {noun}{'' if len(names) == 1 else 's'}"
