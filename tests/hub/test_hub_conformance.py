"""What both homes promise, on the Hub over HTTP and in a folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hub_versions import FACTS, card, files, manifest

from bot.errors import ConflictError, HubError
from bot.hub import Hub
from bot.io import digest

pytest_plugins = ["hub_fixtures"]


def test_an_empty_namespace_lists_nothing_and_may_be_written(hub: Hub) -> None:
    hub.check(write=False)
    hub.check(write=True)
    listing = hub.listing()
    assert dict(listing.repos) == {}
    assert listing.sees_private


def test_what_was_published_is_listed_with_its_facts_and_read_back(hub: Hub) -> None:
    commit = hub.publish("ada", files(), parent=None, message="Publish ada")
    repo = hub.listing().repos["ada"]
    assert (repo.name, repo.head, repo.private, repo.problem) == ("ada", commit, False, None)
    assert repo.published is not None
    assert repo.published.handles == ("ada_example",)
    assert repo.published.trained_at == datetime(2026, 11, 2, tzinfo=UTC)
    for path, content in files().items():
        assert hub.read("ada", path) == content


def test_a_file_or_repo_that_does_not_exist_reads_as_none(hub: Hub) -> None:
    assert hub.read("nobody", "bot.json") is None
    hub.publish("ada", files(), parent=None, message="1")
    assert hub.read("ada", "assets/none.png") is None


def test_the_contents_of_a_repo_are_reported_without_reading_them(hub: Hub) -> None:
    assert hub.contents("nobody") is None
    commit = hub.publish("ada", files(), parent=None, message="1")
    contents = hub.contents("ada")
    assert contents is not None
    assert contents.head == commit
    assert set(files()) <= set(contents.paths)
    assert contents.changed is not None
    assert contents.changed.tzinfo is not None


def test_a_new_version_removes_what_it_is_asked_to_and_leaves_everything_else(hub: Hub) -> None:
    old = files("1", old__note__txt=b"old", theirs__txt=b"a human's", merges=b"same")
    first = hub.publish("ada", old, parent=None, message="1")
    second = hub.publish(
        "ada", files("2", merges=b"same"), parent=first, message="2", remove=["old/note/txt"]
    )
    assert second != first
    assert hub.listing().repos["ada"].head == second
    assert hub.read("ada", "old/note/txt") is None
    assert hub.read("ada", "theirs/txt") == b"a human's"
    assert hub.read("ada", "merges") == b"same"
    assert hub.read("ada", "bot.json") == manifest("2")


def test_the_files_of_a_repo_are_reported_by_digest_without_reading_them(hub: Hub) -> None:
    head = hub.publish("ada", files(), parent=None, message="1")
    found = hub.files("ada", head)
    assert set(files()) <= set(found)
    for path, content in files().items():
        assert isinstance(content, bytes)
        blob = found[path]
        assert blob.size == len(content)
        assert (blob.sha256 or digest.of_bytes(content)) == digest.of_bytes(content)
        assert (blob.git or digest.git_blob(content)) == digest.git_blob(content)
        assert blob.sha256 or blob.git


def test_a_card_alone_leaves_the_other_files(hub: Hub) -> None:
    first = hub.publish("ada", files("1", merges=b"same"), parent=None, message="1")
    hub.publish("ada", {"README.md": b"---\ntags: [mynah]\n---\nnew"}, parent=first, message="card")
    assert hub.read("ada", "merges") == b"same"
    assert hub.read("ada", "model.safetensors") == files("1")["model.safetensors"]
    assert (hub.read("ada", "README.md") or b"").endswith(b"new")


def test_a_listed_file_that_is_not_there_is_an_error_that_may_pass(hub: Hub) -> None:
    hub.publish("ada", files("1"), parent=None, message="1")
    with pytest.raises(HubError, match=r"other\.json") as raised:
        hub.read("ada", "other.json", listed=True)
    assert raised.value.transient


def test_publishing_the_same_again_changes_nothing(hub: Hub) -> None:
    first = hub.publish("ada", files(), parent=None, message="1")
    assert hub.publish("ada", files(), parent=first, message="again") == first
    assert hub.listing().repos["ada"].head == first


def test_a_publication_on_a_parent_that_moved_is_a_conflict_and_leaves_the_winner(hub: Hub) -> None:
    first = hub.publish("ada", files("1"), parent=None, message="1")
    second = hub.publish("ada", files("2"), parent=first, message="the winner")
    with pytest.raises(ConflictError, match=second[:8]):
        hub.publish("ada", files("3"), parent=first, message="3")
    assert hub.listing().repos["ada"].head == second
    assert hub.read("ada", "bot.json") == manifest("2")


def test_a_repo_thought_missing_that_exists_is_a_conflict(hub: Hub) -> None:
    first = hub.publish("ada", files("1"), parent=None, message="1")
    with pytest.raises(ConflictError, match="exists already"):
        hub.publish("ada", files("2"), parent=None, message="2")
    assert hub.listing().repos["ada"].head == first


def test_a_publication_that_already_stands_is_recognised_whatever_its_parent(hub: Hub) -> None:
    first = hub.publish("ada", files("1"), parent=None, message="1")
    second = hub.publish("ada", files("2"), parent=first, message="2")
    assert hub.publish("ada", files("2"), parent=first, message="2") == second
    assert hub.publish("ada", files("2"), parent=None, message="2") == second


def test_of_runs_that_publish_at_once_exactly_one_wins(hub: Hub) -> None:
    first = hub.publish("ada", files("0"), parent=None, message="0")

    def publish(version: int) -> str:
        try:
            return hub.publish("ada", files(str(version)), parent=first, message=f"run {version}")
        except ConflictError:
            return "conflict"

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(publish, range(1, 5)))
    assert results.count("conflict") == 3
    (winner,) = set(results) - {"conflict"}
    assert hub.listing().repos["ada"].head == winner
    assert hub.read("ada", "bot.json") == manifest(str(results.index(winner) + 1))


def test_of_runs_that_create_at_once_exactly_one_wins(hub: Hub) -> None:
    def publish(version: int) -> str:
        try:
            return hub.publish("ada", files(str(version)), parent=None, message=f"run {version}")
        except ConflictError:
            return "conflict"

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(publish, range(1, 5)))
    assert results.count("conflict") == 3
    assert hub.read("ada", "bot.json") == manifest(
        str(results.index(hub.listing().repos["ada"].head or "") + 1)
    )


def test_hidden_repos_stay_listed_and_stay_hidden_when_published_again(hub: Hub) -> None:
    first = hub.publish("ada", files("1"), parent=None, message="1")
    hub.hide("ada")
    assert hub.listing().repos["ada"].private
    assert hub.listing().repos["ada"].head == first
    hub.publish("ada", files("2"), parent=first, message="2")
    assert hub.listing().repos["ada"].private


def test_hiding_what_does_not_exist_is_an_error(hub: Hub) -> None:
    with pytest.raises(HubError, match="nobody"):
        hub.hide("nobody")


def test_deleted_repos_are_gone_and_deleting_again_is_fine(hub: Hub) -> None:
    hub.publish("ada", files("1"), parent=None, message="1")
    hub.delete("ada")
    hub.delete("ada")
    assert dict(hub.listing().repos) == {}
    assert hub.read("ada", "bot.json") is None
    hub.publish("ada", files("2"), parent=None, message="2")
    assert not hub.listing().repos["ada"].private


def test_files_may_come_from_disk(hub: Hub, tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"\0" * 100_000)
    hub.publish("ada", {**files(), "model.safetensors": weights}, parent=None, message="1")
    assert hub.read("ada", "model.safetensors") == weights.read_bytes()
    assert weights.read_bytes() == b"\0" * 100_000


def test_a_file_of_ours_that_is_missing_is_an_error_and_nothing_is_published(
    hub: Hub, tmp_path: Path
) -> None:
    first = hub.publish("ada", files("1"), parent=None, message="1")
    with pytest.raises(HubError, match=r"gone\.bin"):
        hub.publish("ada", {**files("2"), "gone.bin": tmp_path / "gone.bin"}, parent=first, message="2")
    assert hub.listing().repos["ada"].head == first


def test_names_of_files_with_spaces_and_other_alphabets_survive(hub: Hub) -> None:
    odd = {**files(), "assets/ünï cödé ☃.txt": b"snow"}
    hub.publish("ada", odd, parent=None, message="1")
    assert hub.read("ada", "assets/ünï cödé ☃.txt") == b"snow"


@pytest.mark.parametrize("path", ["../evil", "a/../../evil", ""])
def test_files_outside_the_repo_are_refused(hub: Hub, path: str) -> None:
    with pytest.raises(HubError):
        hub.publish("ada", {**files(), path: b"x"}, parent=None, message="1")
    assert hub.read("ada", "bot.json") is None


def test_damaged_facts_are_ours_with_a_problem(hub: Hub) -> None:
    broken = {key: value for key, value in FACTS.items() if key != "recipe"}
    new = {**files(), "README.md": card(broken), "bot.json": b'{"published": {"version": 1}}'}
    hub.publish("ada", new, parent=None, message="1")
    repo = hub.listing().repos["ada"]
    assert repo.published is None
    assert repo.problem is not None
    assert "recipe" in repo.problem or "handles" in repo.problem


def test_facts_of_a_newer_bot_ask_for_an_update(hub: Hub) -> None:
    facts = {**FACTS, "version": 3}
    new = {**files(), "README.md": card(facts), "bot.json": manifest("1", version=3)}
    hub.publish("ada", new, parent=None, message="1")
    assert "newer version of the bot" in (hub.listing().repos["ada"].problem or "")


def test_a_commit_given_as_a_bases_revision_is_itself(hub: Hub) -> None:
    assert hub.resolve_base("openai-community/gpt2", "a" * 40) == "a" * 40
    assert hub.resolve_base("openai-community/gpt2") is None


def test_the_place_of_a_repo_can_be_shown(hub: Hub) -> None:
    assert hub.url("ada").endswith("/tester/ada")


def test_a_stranger_sees_what_is_public_and_nothing_else(hub: Hub) -> None:
    hub.publish("ada_example", files(), parent=None, message="first")
    assert hub.visible("ada_example")
    hub.hide("ada_example")
    assert not hub.visible("ada_example")
    hub.delete("ada_example")
    assert not hub.visible("ada_example")
    assert not hub.visible("never_there")


def test_a_repo_of_ours_without_its_manifest_still_names_its_people(hub: Hub) -> None:
    version = files()
    del version["bot.json"]
    hub.publish("birds", version, parent=None, message="by hand")
    repo = hub.listing().repos["birds"]
    assert (repo.published, repo.named, repo.complete) == (None, ("ada_example",), True)
    assert repo.problem is not None
    assert "bot.json is gone" in repo.problem


def test_what_is_left_of_a_damaged_or_newer_manifest_names_people(hub: Hub) -> None:
    newer = manifest(version=3)
    cut = manifest()[: manifest().index(b"ada_example") + len("ada_example") + 2]
    for name, data in (("newer", newer), ("cut", cut)):
        version = {**files(), "bot.json": data, "README.md": b"# plain"}
        hub.publish(name, version, parent=None, message="by hand")
        repo = hub.listing().repos[name]
        assert (repo.published, repo.named, repo.complete) == (None, ("ada_example",), False), name
        assert repo.problem


def test_a_repo_is_downloaded_with_what_a_reader_loads_and_one_that_nobody_sees_is_not(
    hub: Hub, tmp_path: Path
) -> None:
    assert hub.download("nobody") is None
    loaded = {"config.json": b"{}", "model.safetensors": b"weights", "bot.json": b"{}"}
    hub.publish("ada", {**loaded, "pytorch_model.bin": b"pickle"}, parent=None, message="1")
    folder = hub.download("ada")
    assert folder is not None
    assert {name: (folder / name).read_bytes() for name in loaded} == loaded
