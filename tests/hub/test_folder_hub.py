"""The folder hub: versions appear whole, whatever is killed; what a person changed is noticed; foreign stays."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import shutil
import threading
from pathlib import Path

import pytest
from hub_versions import files, manifest

from bot.errors import ConflictError, CredentialsError, HubError
from bot.hub import Hub, open_hub
from bot.hub import staging as staging_module
from bot.hub.folder_files import head_of


@pytest.fixture(autouse=True)
def _no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes die here, not the machine."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the hub is."""
    return tmp_path / "hub"


@pytest.fixture
def hub(home: Path) -> Hub:
    """A hub that is not there yet."""
    return open_hub(f"dir:{home}", "tester")


@pytest.fixture(params=["exchange", "two renames"])
def _swap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of putting a folder where another is."""
    if request.param == "two renames":
        monkeypatch.setattr(staging_module, "_exchange", lambda one, other: False)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_plan_of_a_hub_that_does_not_exist_creates_nothing(hub: Hub, home: Path) -> None:
    hub.check(write=True)
    assert not hub.listing().repos
    assert hub.read("ada", "bot.json") is None
    assert not home.exists()


def test_a_repos_folder_holds_its_files_and_nothing_else(hub: Hub, home: Path) -> None:
    hub.publish("ada", files(), parent=None, message="1")
    assert contents(home / "tester" / "ada") == files()
    assert [path.name for path in home.iterdir()] == ["tester"]
    assert {path.name for path in (home / "tester").iterdir()} == {"ada", ".mynah"}


@pytest.mark.usefixtures("_swap")
def test_nothing_of_a_build_is_left_behind(hub: Hub, home: Path) -> None:
    first = hub.publish("ada", files("1"), parent=None, message="1")
    hub.publish("ada", files("2"), parent=first, message="2")
    hub.delete("ada")
    assert not any((home / "tester" / ".mynah" / "build").iterdir())


@pytest.mark.usefixtures("_swap")
@pytest.mark.parametrize("edit", ["README.md", "assets/new.txt", "bot.json"])
def test_an_edit_by_hand_moves_the_head_and_is_not_overwritten(hub: Hub, home: Path, edit: str) -> None:
    head = hub.publish("ada", files("1"), parent=None, message="1")
    file = home / "tester" / "ada" / edit
    before = file.read_bytes() if file.exists() else b""
    file.write_bytes(before.replace(b"1", b"3") + (b"" if before else b"mine"))
    assert hub.listing().repos["ada"].head != head
    with pytest.raises(ConflictError, match="changed since it was read"):
        hub.publish("ada", files("2"), parent=head, message="2")
    assert file.read_bytes() != before


def test_a_file_deleted_by_hand_moves_the_head(hub: Hub, home: Path) -> None:
    head = hub.publish("ada", files(), parent=None, message="1")
    (home / "tester" / "ada" / "config.json").unlink()
    assert hub.listing().repos["ada"].head != head


def test_a_copy_of_a_hub_keeps_its_heads(hub: Hub, home: Path, tmp_path: Path) -> None:
    head = hub.publish("ada", files(), parent=None, message="1")
    shutil.copytree(home, tmp_path / "copy")
    assert open_hub(f"dir:{tmp_path / 'copy'}", "tester").listing().repos["ada"].head == head


def test_folders_that_are_not_ours_are_listed_as_foreign_and_never_written(hub: Hub, home: Path) -> None:
    for name, file in {"photos": "cat.png", "robot": "bot.json"}.items():
        (home / "tester" / name).mkdir(parents=True)
        (home / "tester" / name / file).write_bytes(b'{"discord": 1}')
    before = contents(home)
    for name in ("photos", "robot"):
        repo = hub.listing().repos[name]
        assert (repo.published, repo.problem) == (None, None)
        assert repo.head is not None
        with pytest.raises(ConflictError, match="exists already"):
            hub.publish(name, files(), parent=None, message="1")
    after = contents(home)
    assert {path: after[path] for path in before} == before


def test_an_empty_folder_is_an_empty_repo_and_taken(hub: Hub, home: Path) -> None:
    (home / "tester" / "ada").mkdir(parents=True)
    assert hub.listing().repos["ada"].head is None
    hub.publish("ada", files(), parent=None, message="1")
    assert contents(home / "tester" / "ada") == files()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "damaged"),
        (manifest()[:40], "damaged"),
        (b"\xff", "damaged"),
        (b'{"published": {"version": 1}}', "handles"),
        (manifest(version=7), "newer version"),
    ],
)
def test_a_damaged_manifest_is_that_repos_problem_alone(
    hub: Hub, home: Path, data: bytes, words: str
) -> None:
    hub.publish("ada", files(), parent=None, message="1")
    hub.publish("bob", files(), parent=None, message="1")
    (home / "tester" / "ada" / "bot.json").write_bytes(data)
    repos = hub.listing().repos
    assert words in (repos["ada"].problem or "")
    assert repos["bob"].published


def test_stray_files_beside_the_repos_are_no_repos(hub: Hub, home: Path) -> None:
    hub.publish("ada", files(), parent=None, message="1")
    (home / "tester" / "notes.txt").write_text("x")
    (home / "tester" / ".DS_Store").mkdir()
    assert set(hub.listing().repos) == {"ada"}


def test_unchanged_big_files_are_not_written_again(hub: Hub, home: Path) -> None:
    first = hub.publish("ada", files("1"), parent=None, message="1")
    weights = home / "tester" / "ada" / "model.safetensors"
    inode = weights.stat().st_ino
    hub.publish("ada", {**files("2"), "model.safetensors": weights.read_bytes()}, parent=first, message="2")
    assert weights.stat().st_ino == inode


def test_versions_of_one_size_in_one_instant_have_different_heads(hub: Hub) -> None:
    heads: list[str | None] = [None]
    for version in range(9):
        heads.append(hub.publish("ada", files(str(version)), parent=heads[-1], message=str(version)))
    assert len(set(heads)) == 10


def test_a_reader_sees_whole_versions_only(hub: Hub, home: Path) -> None:
    head = hub.publish("ada", files("0"), parent=None, message="0")
    stop = threading.Event()
    seen: set[bytes] = set()
    wrong: list[object] = []

    def read() -> None:
        while not stop.is_set():
            try:
                descriptor = os.open(home / "tester" / "ada", os.O_RDONLY)
            except FileNotFoundError as error:
                wrong.append(error)
                continue
            try:
                pair = []
                for name in ("README.md", "model.safetensors"):
                    file = os.open(name, os.O_RDONLY, dir_fd=descriptor)
                    pair.append(os.read(file, 4096))
                    os.close(file)
                version = pair[0].split(b"# ")[1].strip()
                seen.add(version)
                if pair[1] != b"\0weights" + version * 50:
                    wrong.append(pair)
            except FileNotFoundError:
                pass  # the old version is being deleted under an open folder
            finally:
                os.close(descriptor)

    reader = threading.Thread(target=read)
    reader.start()
    for version in range(1, 40):
        head = hub.publish("ada", files(str(version)), parent=head, message="x")
    stop.set()
    reader.join()
    assert len(seen) > 3
    assert wrong == []


@pytest.mark.usefixtures("_swap")
def test_listings_and_reads_during_publications_never_miss_a_repo(hub: Hub) -> None:
    head = hub.publish("ada", files("0"), parent=None, message="0")
    stop = threading.Event()
    missed: list[object] = []

    def read() -> None:
        while not stop.is_set():
            repo = hub.listing().repos.get("ada")
            if repo is None or repo.published is None or hub.read("ada", "bot.json") is None:
                missed.append(repo)

    reader = threading.Thread(target=read)
    reader.start()
    for version in range(1, 30):
        head = hub.publish("ada", files(str(version)), parent=head, message="x")
    stop.set()
    reader.join()
    assert missed == []


def test_a_full_disk_says_so_and_leaves_the_old_version(
    hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    head = hub.publish("ada", files("1"), parent=None, message="1")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"\0" * 10_000)

    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"\0" * 10)
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(HubError, match=r"No space left on device.*free some space") as raised:
        hub.publish("ada", {**files("2"), "model.safetensors": weights}, parent=head, message="2")
    assert raised.value.transient
    assert contents(home / "tester" / "ada") == files("1")
    assert not any((home / "tester" / ".mynah" / "build").iterdir())


def test_a_build_of_a_living_run_is_not_swept(hub: Hub, home: Path) -> None:
    hub.publish("ada", files(), parent=None, message="1")
    alive, dead = (home / "tester" / ".mynah" / "build" / name for name in ("alive", "dead"))
    for build in (alive, dead):
        build.mkdir()
        (build / "lock").touch()
    with (alive / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        hub.publish("bob", files(), parent=None, message="1")
        assert alive.exists()
        assert not dead.exists()


def test_a_wait_for_another_run_is_logged_once_with_its_limit(
    home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging_module, "LOGGED_WAIT_S", 0.0)
    hub = open_hub(f"dir:{home}", "tester", wait_s=0.6)
    hub.publish("ada", files(), parent=None, message="1")
    with (home / "tester" / ".mynah" / "lock").open("ab") as lock, caplog.at_level(logging.WARNING, "bot"):
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(HubError):
            hub.listing()
    (record,) = caplog.records
    assert "waiting up to 1 s for another run" in record.getMessage()


def test_a_run_that_holds_the_lock_too_long_is_named(home: Path) -> None:
    hub = open_hub(f"dir:{home}", "tester", wait_s=0.1)
    hub.publish("ada", files(), parent=None, message="1")
    with (home / "tester" / ".mynah" / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for act in (hub.listing, lambda: hub.publish("bob", files(), parent=None, message="1")):
            with pytest.raises(HubError, match=r"another run has held .*lock for 0 s") as raised:
                act()
            assert raised.value.transient


def test_a_file_where_the_hub_should_be_is_an_error(home: Path) -> None:
    home.write_text("x")
    with pytest.raises(HubError, match="is a file"):
        open_hub(f"dir:{home}", "tester").check(write=False)


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "a\0b"])
def test_what_is_no_name_of_a_repo_is_refused(hub: Hub, name: str) -> None:
    with pytest.raises(HubError, match="not the name of a repo"):
        hub.read(name, "bot.json")


def test_a_folder_that_may_not_be_written_is_a_matter_of_credentials(
    hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    hub.check(write=False)
    with pytest.raises(CredentialsError, match="may not be written"):
        hub.check(write=True)


def test_the_head_of_nothing_is_none(tmp_path: Path) -> None:
    assert head_of(tmp_path / "missing") is None
    (tmp_path / "file").write_text("x")
    assert head_of(tmp_path / "file") is None
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    assert head_of(tmp_path / "empty") is None
    (tmp_path / "empty" / ".gitattributes").touch()
    assert head_of(tmp_path / "empty") is None


def test_a_swap_in_one_step_happens_whole_or_not_at_all(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    swapped = staging_module._exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / ("b" if swapped else "a")).exists()
    assert (tmp_path / "b" / ("a" if swapped else "b")).exists()
    assert not staging_module._exchange(tmp_path / "a", tmp_path / "none")


def test_facts_survive_as_json(hub: Hub) -> None:
    hub.publish("ada", files(), parent=None, message="1")
    assert json.loads(hub.read("ada", "bot.json") or b"")["published"]["handles"] == ["ada_example"]


def test_a_folder_whose_name_is_not_utf8_is_named_and_used_for_nothing(hub: Hub, home: Path) -> None:
    for name in (b"caf\xe9", b"th\xe9"):
        Path(os.fsdecode(os.fsencode(home / "tester") + b"/" + name)).mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(home / "tester") + b"/caf\xe9/bot.json")).write_bytes(manifest())
    repos = hub.listing().repos
    assert repos["th?"].problem is None
    repo = repos["caf?"]
    assert (repo.name, repo.head, repo.published) == ("caf?", None, None)
    assert repo.problem == "the name of the folder caf? is not UTF-8: rename it"
