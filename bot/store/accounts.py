"""The accounts of a store: the folder of each, and the facts of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args
from urllib.parse import unquote

from bot.sources import network_of
from bot.sources.posts import Network
from bot.store.account import FACTS, AccountFolder, is_accounts
from bot.store.facts import Facts
from bot.store.files import Files
from bot.store.names import key, quoted
from bot.store.purge_marks import Marks

NETWORKS: tuple[Network, ...] = get_args(Network)
"""The networks, each with a folder of accounts."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts in these files, as a run that knows these purge marks reads and writes them."""

    files: Files
    marks: Marks

    def account(self, handle: str, source: str) -> AccountFolder:
        """The folder of a handle on the network of a source, which need not exist."""
        return self.at(f"{network_of(source, handle)}/{quoted(key(handle))}")

    def at(self, path: str) -> AccountFolder:
        """The account's folder at a path. A purge after this call, also by this run, ends its writing."""
        seen, handle = self.marks.seen(), unquote(path.partition("/")[2])
        return AccountFolder(self.files, path, lambda: self.marks.purged([handle], seen))

    def folders(self) -> dict[str, list[str]]:
        """The file names in the folder of every account, by path. Other folders are left out."""
        folders: dict[str, list[str]] = {}
        for network in NETWORKS:
            for path in self.files.below(network):
                folder, _, name = path.rpartition("/")
                if folder.count("/") == 1:
                    folders.setdefault(folder, []).append(name)
        return {folder: names for folder, names in folders.items() if any(map(is_accounts, names))}

    def all_facts(self) -> dict[tuple[str, str], Facts]:
        """The facts of every account, by network and handle in lower case."""
        folders = self.folders()
        data = self.files.read_many(
            [f"{folder}/{FACTS}" for folder, names in folders.items() if FACTS in names]
        )
        facts = (
            self.at(folder).facts(names, data.get(f"{folder}/{FACTS}")) for folder, names in folders.items()
        )
        return {(one.network, one.handle): one for one in facts if one}
