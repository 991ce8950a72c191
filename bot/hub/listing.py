"""The repos of a namespace from the rows of the Hub's listing, each classified as ours, damaged, or another's.

A row of the Hub usually shows everything. What it leaves out is read from the repo itself, within a limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.errors import CredentialsError, HubError
from bot.hub.protocol import Contents, Hub, Listing, Repo
from bot.hub.published import CARD, FILENAME
from bot.hub.repo_status import classify

MAX_READS = 20
"""Reads of single repos in one listing: broken front matter is rare, and beyond these it is only reported."""

MAX_READS_WITHOUT_CARDS = 3_000
"""The same where the endpoint lists neither card data nor file names: three reads for a repo of ours."""


def listing_of(rows: Sequence[Mapping[str, Any]], namespace: str, hub: Hub, *, sees_private: bool) -> Listing:
    """The listing of a namespace from the rows that `hub` returned for it.

    HubError when every row is of another namespace, which an endpoint that can be trusted does not return.
    """
    incomplete = any("siblings" not in row for row in rows)
    reads = _Reads(hub, MAX_READS_WITHOUT_CARDS if incomplete else MAX_READS)
    own = {name: row for row in rows if (name := _name_in(namespace, row))}
    if rows and not own:
        raise HubError(
            f"the listing of {namespace} at {hub.address} names only other namespaces' repos: "
            "this endpoint cannot be trusted to say what exists; check HF_ENDPOINT"
        )
    repos = {name.lower(): _repo(name, row, reads) for name, row in own.items()}
    note = f"the listing of {hub.address} carries no card data: each repo was looked at by itself"
    return Listing(dict(sorted(repos.items())), sees_private, (note,) if incomplete else ())


def _name_in(namespace: str, row: Mapping[str, Any]) -> str | None:
    """The repo's name in a row of this namespace; None for any other row."""
    owner, _, name = str(row.get("id", "")).partition("/")
    return name if name and owner.lower() == namespace.lower() else None


@dataclass(slots=True)
class _Reads:
    """Reads of single repos, at most `left` of them; HubError beyond that."""

    hub: Hub
    left: int

    def file(self, name: str, path: str, *, listed: bool = True) -> bytes | None:
        """See `Hub.read`."""
        self._count()
        return self.hub.read(name, path, listed=listed)

    def contents(self, name: str) -> Contents | None:
        """See `Hub.contents`."""
        self._count()
        return self.hub.contents(name)

    def _count(self) -> None:
        if not self.left:
            raise HubError(
                "too many repos of the namespace would have to be read one by one, since the listing does not show "
                "their cards or these are damaged"
            )
        self.left -= 1


def _repo(name: str, row: Mapping[str, Any], reads: _Reads) -> Repo:
    try:
        row = _completed(name, row, reads)
        found = classify(row)
        if found.needs_manifest:
            listed = isinstance(row.get("siblings"), list)
            found = found.after_reading(reads.file(name, FILENAME, listed=listed))
    except (HubError, CredentialsError) as error:
        found = classify(row).unread(str(error))
    head = None if found.empty else row["sha"]
    private = bool(row.get("private"))
    return Repo(name, head, private, found.published, found.problem, found.named, found.complete)


def _completed(name: str, row: Mapping[str, Any], reads: _Reads) -> Mapping[str, Any]:
    """The row, with the file names and, for a repo of ours, the card's front matter where they are not listed."""
    completed = dict(row)
    if "siblings" not in row:
        contents = reads.contents(name)
        if contents is None:
            raise HubError(f"{row['id']} is listed and cannot be looked at")
        completed["siblings"] = [{"rfilename": path} for path in contents.paths]
        completed["sha"] = contents.head or row["sha"]
    siblings = completed["siblings"] if isinstance(completed["siblings"], list) else []
    paths = {file.get("rfilename") for file in siblings if isinstance(file, dict)}
    if "cardData" not in row and {FILENAME, CARD} <= paths:
        completed["cardData"] = _front_matter(reads.file(name, CARD) or b"")
    return completed


def _front_matter(card: bytes) -> dict[str, Any] | None:
    """The front matter of a card, or None where it has none that can be read, as in the Hub's own listing."""
    from bot.hub import front_matter  # slow to start, and rarely needed

    try:
        return front_matter.parse(card.decode(errors="replace"))
    except ValueError:
        return None
