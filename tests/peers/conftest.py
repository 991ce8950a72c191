"""Servers that nobody of this project wrote; each is started once for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bluesky_network import Network, find_programs, run_network
from takahe_server import Takahe, find_takahe, run_takahe


@pytest.fixture(scope="session")
def bluesky() -> Iterator[Network]:
    """Bluesky's PLC directory, PDS and AppView."""
    programs = find_programs()
    if isinstance(programs, str):
        pytest.skip(programs)
    with run_network(programs) as network:
        yield network


@pytest.fixture(scope="session")
def takahe() -> Iterator[Takahe]:
    """A server with Mastodon's API, with the posts of `carol`."""
    found = find_takahe()
    if isinstance(found, str):
        pytest.skip(found)
    with run_takahe(*found) as server:
        yield server
