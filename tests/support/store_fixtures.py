"""Places for stores, one of each kind: a folder, memory, a bucket and a dataset repo of a test Hub on loopback.

Use: `pytest_plugins = ["store_fixtures"]`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_bench import HubBench
from store_places import memory

from bot.store.places import Place, place_of

SOURCES = ("file", "memory", "bucket", "dataset")


@pytest.fixture(scope="session")
def _store_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubBench]:
    """A test Hub with history and buckets, one for all tests of a process: make a bucket or a repo a test."""
    strict = ("--xet", "--strict-commits", "--strict-bucket-deletes", "--cdn-redirect")
    with HubBench(tmp_path_factory.mktemp("bench") / "hub", *strict) as running:
        yield running


@pytest.fixture
def bench(_store_bench: HubBench) -> Iterator[HubBench]:
    """The test Hub without faults, and an environment that leads the client library to it."""
    import huggingface_hub
    from huggingface_hub import constants

    with pytest.MonkeyPatch.context() as patch:  # of its own, so that a test may undo its own
        for name, value in _store_bench.environment().items():
            patch.setenv(name, value)
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        _store_bench.clear()
        yield _store_bench
        _store_bench.clear()
        huggingface_hub.close_session()


@pytest.fixture(params=SOURCES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place of each kind in turn."""
    match request.param:
        case "file":
            return place_of(f"file://{tmp_path}/store")
        case "memory":
            return memory()
    bench: HubBench = request.getfixturevalue("bench")
    name = f"posts-{uuid.uuid4().hex[:12]}"
    if request.param == "bucket":
        return place_of(f"hf://buckets/{bench.bucket(name)}/deep/store")
    return place_of(f"hf://datasets/{bench.repo(name)}/deep/store")
