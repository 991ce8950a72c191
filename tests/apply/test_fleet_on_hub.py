"""The whole job through the command against a Hub over HTTP: what is published, and what becomes of every trouble."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import io
import json
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fleets import Fleet
from hub_http import Call
from hub_repos import Repo, Token
from hub_server import HubServer

from bot.__main__ import main
from bot.hub import front_matter
from bot.io.retry import RetryPolicy

pytest_plugins = ["hub_fixtures"]

ADA = "org/ada"
KILLED = """
import os, signal, sys
from bot.__main__ import main

def kill(event, args):
    if event == "open" and str(args[0]).endswith("generation_config.json") and args[1] == "w":
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
main(sys.argv[1:])
"""
"""A run that dies when it is about to write a certain file of the trained model."""
TEMPLATE = Path(__file__).parents[2] / "templates" / "model_card.md.j2"


class OnlineFleet(Fleet):
    """A fleet whose hub is the test Hub, found by HF_ENDPOINT and HF_TOKEN as a person would have set them."""

    def __init__(self, folder: Path, base: Path, server: HubServer) -> None:
        super().__init__(folder, base)
        self.server = server
        self.out = self.err = ""

    def run(self, command: str, *args: str) -> tuple[int, str]:
        """Runs `bot COMMAND`; returns the exit code and standard output, and keeps both outputs."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([command, *args, "--registry", str(self.folder / "registry.yaml")])
        self.out, self.err = out.getvalue(), err.getvalue()
        print(f"bot {command}: exit {code}", self.out, self.err, sep="\n")  # shown when a test fails
        return code, self.out

    def change_template(self, line: str = "A new last line.") -> None:
        """Puts a template beside the registry that differs from the packaged one by a last line."""
        own = self.folder / "templates" / TEMPLATE.name
        own.parent.mkdir(exist_ok=True)
        own.write_text(f"{TEMPLATE.read_text()}\n{line}\n")

    def retire_all(self, top: str = "") -> None:
        """Takes every entry out of the registry."""
        self.models, self.top = [], top
        self.write()
        path = self.folder / "registry.yaml"
        path.write_text(path.read_text().replace("models:\n\n", "models: []\n"))

    @property
    def writes(self) -> list[Call]:
        """The calls that change something on the Hub, or prepare to."""
        return [call for call in self.server.calls if call.method not in ("GET", "HEAD")]

    @property
    def readme(self) -> str:
        """Ada's card on the Hub."""
        return self.server.files(ADA)["README.md"].decode()

    @property
    def commits(self) -> list[str]:
        """The titles of Ada's commits."""
        return self.server.titles(ADA)


@dataclass(slots=True)
class First:
    """The first publication of Ada, made once: what the run answered and called, its folder and the repo."""

    code: int = -1
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    folder: Path | None = None
    repo: Repo | None = None


@pytest.fixture(scope="module")
def first() -> First:
    """Filled by whichever test comes first."""
    return First()


@pytest.fixture
def unpublished(
    server: HubServer, tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> OnlineFleet:
    """A registry of Ada alone, her posts, and an empty Hub."""
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", HubServer.token)
    monkeypatch.setattr("bot.hub.huggingface.RetryPolicy", partial(RetryPolicy, pause_s=0.005))
    server.tokens[HubServer.token] = Token("ada-maintainer", orgs=(("org", "write"),))
    folder = tmp_path / "fleet"
    folder.mkdir()
    fleet = OnlineFleet(folder, tiny_base, server)
    fleet.posts("ada", 250)
    fleet.entry("ada")
    fleet.write()
    return fleet


@pytest.fixture
def fleet(
    unpublished: OnlineFleet, first: First, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OnlineFleet]:
    """The same, with Ada published by a run that was real the first time."""
    fleet, server = unpublished, unpublished.server
    if first.repo is None or first.folder is None:
        first.code, first.outcomes = fleet.outcomes()
        first.calls = list(server.calls)
        first.repo = copy.deepcopy(server.store.repos[ADA])
        first.folder = tmp_path_factory.mktemp("first") / "fleet"
        shutil.copytree(fleet.folder, first.folder)
    shutil.copytree(first.folder, fleet.folder, dirs_exist_ok=True)
    server.store.repos[ADA] = copy.deepcopy(first.repo)
    server.clear()
    yield fleet
    assert HubServer.token not in fleet.out + fleet.err


def test_apply_publishes_in_one_commit_and_a_second_apply_writes_and_trains_nothing(
    fleet: OnlineFleet, first: First
) -> None:
    assert (first.code, first.outcomes["ada"]["result"]) == (0, "done")
    assert first.outcomes["ada"]["commit"] == fleet.server.store.repos[ADA].head.sha
    assert sum("/commit/" in call.path for call in first.calls) == 1
    assert fleet.commits == [fleet.server.store.repos[ADA].head.title]
    assert {"README.md", "bot.json", "model.safetensors", "tokenizer.json", "assets/loss.png"} <= set(
        fleet.server.files(ADA)
    )
    before = fleet.server.files(ADA)
    assert fleet.outcomes() == (0, {})
    assert fleet.writes == []
    assert fleet.server.files(ADA) == before
    assert len(fleet.server.calls) <= 3
    assert fleet.actions() == {"ada": "ok"}


def test_plan_without_a_token_reads_public_repos_and_says_that_private_ones_are_invisible(
    fleet: OnlineFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert fleet.actions() == {"ada": "ok"}
    assert fleet.run("plan")[0] == 0
    assert "private repos are invisible" in fleet.out
    assert fleet.server.count("whoami") == 0


def test_apply_without_a_token_is_refused_before_any_call(
    fleet: OnlineFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert fleet.run("apply") == (5, "")
    assert "needs a token" in fleet.err
    assert fleet.server.calls == []


@pytest.mark.parametrize("published", [True, False], ids=["published", "missing"])
@pytest.mark.parametrize(
    ("command", "token", "identity", "words"),
    [
        ("plan", "", None, "HF_TOKEN is set but empty"),
        ("apply", "", None, "HF_TOKEN is set but empty"),
        ("plan", "hf_wasrevokedlongago", None, "invalid or has expired"),
        ("apply", "hf_wasrevokedlongago", None, "invalid or has expired"),
        ("apply", "hf_mayonlyreadthings", Token("me", "read", (("org", "write"),)), "may only read"),
        ("apply", "hf_belongstomallory", Token("mallory"), "not in the namespace org"),
    ],
    ids=lambda value: (value or "empty") if isinstance(value, str) else "",
)
def test_a_token_that_will_not_do_ends_the_run_before_any_plan(
    fleet: OnlineFleet,
    monkeypatch: pytest.MonkeyPatch,
    published: bool,
    command: str,
    token: str,
    identity: Token | None,
    words: str,
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    fleet.server.store.repos[ADA].private = True  # what a lost token makes look as if it were not there
    if not published:
        fleet.server.store.repos.clear()
    if identity:
        fleet.server.tokens[token] = identity
    assert fleet.run(command) == (5, "")
    assert words in fleet.err
    assert len(fleet.err.strip().splitlines()) == 1
    assert "Traceback" not in fleet.err
    assert not token or token not in fleet.out + fleet.err
    assert fleet.writes == []
    assert fleet.server.count("/api/models") == 0  # nothing was listed, so nothing was called missing


def test_a_token_lost_between_listing_and_publication_ends_the_run(fleet: OnlineFleet) -> None:
    fleet.change_template()
    fleet.server.fault(path="/preupload/|/validate-yaml|/commit/", times=-1, status=401)
    before = fleet.server.files(ADA)
    code, _ = fleet.run("apply")
    assert code == 5
    assert "Traceback" not in fleet.err
    assert fleet.server.files(ADA) == before


def test_a_foreign_repo_of_the_entrys_name_is_blocked_and_never_written(unpublished: OnlineFleet) -> None:
    theirs = {"README.md": b"# Somebody else's", "model.safetensors": b"\0"}
    unpublished.server.store.add(ADA, theirs)
    assert unpublished.actions() == {"ada": "blocked"}
    code, outcomes = unpublished.outcomes("--force", "train")
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "did not make" in outcomes["ada"]["reason"]
    assert unpublished.writes == []
    assert unpublished.server.files(ADA) == theirs


def test_a_changed_template_is_one_small_commit_without_weights(fleet: OnlineFleet) -> None:
    fleet.change_template()
    assert fleet.actions() == {"ada": "card"}
    before = fleet.server.store.repos[ADA].head.tree
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"], outcomes["ada"]["action"]) == (0, "done", "card")
    assert len(fleet.commits) == 2
    assert "A new last line." in fleet.readme
    after = fleet.server.store.repos[ADA].head.tree
    assert {path for path in after if after[path] != before.get(path)} == {"README.md", "bot.json"}
    assert set(after) == set(before)
    assert fleet.server.count("/_lfs/") == 0
    assert fleet.actions() == {"ada": "ok"}


@pytest.mark.parametrize("policy", ["private", "delete"])
def test_a_tombstone_hides_or_deletes_the_repo_once_removals_are_allowed(
    fleet: OnlineFleet, policy: str
) -> None:
    fleet.retire_all(f"policy: {{removal: {policy}}}\nremoved: [{{handles: [ada], on: 2026-11-20}}]\n")
    assert fleet.actions() == {"ada": "remove"}
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "--allow-removals 1" in outcomes["ada"]["reason"]
    assert fleet.writes == []
    kept = fleet.folder / ".bot"
    assert list(kept.rglob("*ada*"))
    code, outcomes = fleet.outcomes("--allow-removals", "1")
    assert (code, outcomes["ada"]["result"]) == (0, "done")
    assert not list(kept.rglob("*ada*"))
    if policy == "delete":
        assert ADA not in fleet.server.store.repos
    else:
        assert fleet.server.store.repos[ADA].private
        assert len(fleet.commits) == 1
    assert fleet.actions().get("ada", "ok") == "ok"


def test_a_tombstone_that_comes_while_a_run_goes_on_wins(fleet: OnlineFleet) -> None:
    fleet.change_template()
    top = "removed: [{handles: [ada], on: 2026-11-20}]\n"
    fleet.server.fault(path="/resolve/", hook=lambda: fleet.retire_all(top))
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "asked to be removed while this ran" in outcomes["ada"]["reason"]
    assert fleet.writes == []


def test_what_left_the_registry_is_reported_and_untouched(fleet: OnlineFleet) -> None:
    fleet.retire_all()
    assert fleet.actions() == {"ada": "unlisted"}
    assert fleet.run("apply", "--allow-removals", "1")[0] == 0
    assert fleet.writes == []
    assert not fleet.server.store.repos[ADA].private


@pytest.mark.parametrize("fault", [{"cut": "after"}, {"status": 500, "landed": True}], ids=["cut", "500"])
def test_an_answer_lost_after_the_commit_landed_is_done_with_exactly_one_commit(
    fleet: OnlineFleet, fault: dict[str, Any]
) -> None:
    fleet.change_template()
    fleet.server.fault(path="/commit/", **fault)
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "done")
    assert len(fleet.commits) == 2
    assert outcomes["ada"]["commit"] == fleet.server.store.repos[ADA].head.sha
    assert fleet.server.count("/commit/") == 1


def test_a_rate_limit_an_hour_away_defers_with_the_time(fleet: OnlineFleet) -> None:
    fleet.change_template()
    fleet.server.fault(path="/commit/", times=-1, status=429, headers={"Retry-After": "3600"})
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"], outcomes["ada"]["commit"]) == (1, "deferred", None)
    assert re.search(r"makes sense again from 20\d\d-\d\d-\d\d \d\d:\d\d", outcomes["ada"]["reason"])
    assert fleet.server.count("/commit/") == 1
    fleet.server.clear()
    assert fleet.outcomes()[1]["ada"]["result"] == "done"


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_hub_that_is_down_is_one_sentence(
    fleet: OnlineFleet, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    assert fleet.run(command) == (1, "")
    assert re.fullmatch(r"could not .*no connection.*\n", fleet.err)


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_an_error_page_instead_of_the_listing_is_no_empty_fleet(fleet: OnlineFleet, command: str) -> None:
    page = "<html><h1>502 Bad Gateway</h1></html>"
    fleet.server.fault(path="/api/models", times=-1, status=502, body=page)
    assert fleet.run(command) == (1, "")
    assert "502" in fleet.err
    assert "<html" not in fleet.err
    assert "Traceback" not in fleet.err
    assert fleet.writes == []


def test_of_two_runs_at_once_one_commits_and_the_other_is_skipped_naming_the_winner(
    fleet: OnlineFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.change_template("By one.")
    shutil.copytree(fleet.folder, tmp_path / "other")
    other = OnlineFleet(tmp_path / "other", fleet.base, fleet.server)
    other.change_template("By the other.")
    fleet.server.tokens["hf_otherstoken"] = Token("grace", orgs=(("org", "write"),))
    answers: list[tuple[int, str]] = []

    def overtake() -> None:
        monkeypatch.setenv("HF_TOKEN", "hf_otherstoken")
        with contextlib.redirect_stdout(io.StringIO()):
            code, outcomes = other.outcomes()
        answers.append((code, outcomes["ada"]["result"]))

    fleet.server.fault(path="/commit/", hook=overtake)
    code, outcomes = fleet.outcomes()
    assert answers == [(0, "done")]
    assert (code, outcomes["ada"]["result"], outcomes["ada"]["commit"]) == (0, "skipped", None)
    winner = fleet.server.store.repos[ADA].head
    assert f"grace committed {winner.sha[:8]}" in outcomes["ada"]["reason"]
    assert len(fleet.commits) == 2
    assert "By the other." in fleet.readme


def test_metadata_added_by_hand_on_the_hub_survives_the_next_card(fleet: OnlineFleet) -> None:
    by_hand = fleet.readme.replace("---\n", "---\ndatasets: [org/by-hand]\n", 1)
    by_hand = by_hand.replace("tags:\n", 'tags:\n- "by-hand"\n', 1)
    fleet.server.store.add(ADA, {"README.md": by_hand.encode()})
    assert fleet.actions() == {"ada": "ok"}
    fleet.change_template()
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    assert "A new last line." in fleet.readme
    kept = front_matter.parse(fleet.readme)
    assert kept["datasets"] == ["org/by-hand"]
    assert isinstance(kept["tags"], list)
    assert {"by-hand", "mynah"} <= set(kept["tags"])


def test_an_edited_text_is_skipped_until_it_may_be_written_over(fleet: OnlineFleet) -> None:
    fleet.server.store.add(ADA, {"README.md": f"{fleet.readme}\nBy hand.\n".encode()})
    fleet.change_template()
    before = fleet.server.files(ADA)
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "--overwrite-edits ada" in outcomes["ada"]["reason"]
    assert "+By hand." in fleet.err
    assert fleet.writes == []
    assert fleet.server.files(ADA) == before
    assert fleet.outcomes("--overwrite-edits", "ada")[1]["ada"]["result"] == "done"
    assert "By hand." not in fleet.readme


@pytest.mark.parametrize("moved", [False, True], ids=["as reviewed", "moved"])
def test_a_reviewed_plan_is_done_unless_the_head_moved_since(fleet: OnlineFleet, moved: bool) -> None:
    fleet.change_template()
    file = str(fleet.folder / "plan.json")
    assert fleet.run("plan", "--out", file)[0] == 0
    if moved:
        fleet.server.store.add(ADA, {"notes.txt": b"by hand"})
    code, outcomes = fleet.outcomes("--plan", file)
    assert code == 0
    assert outcomes["ada"]["result"] == ("skipped" if moved else "done")
    assert outcomes["ada"]["reason"].startswith("changed since the plan" if moved else "card rendered again")
    assert ("A new last line." in fleet.readme) is not moved


@pytest.mark.parametrize("mark", ["gated", "private"])
def test_a_gated_or_private_repo_of_ours_is_kept_as_any_other(fleet: OnlineFleet, mark: str) -> None:
    repo = fleet.server.store.repos[ADA]
    setattr(repo, mark, True)
    assert fleet.actions() == {"ada": "ok"}
    fleet.change_template()
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    assert len(fleet.commits) == 2
    assert getattr(repo, mark)


def test_an_empty_repo_left_by_a_crash_is_adopted(unpublished: OnlineFleet) -> None:
    unpublished.server.store.add(ADA)
    assert unpublished.actions() == {"ada": "train"}
    code, outcomes = unpublished.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "done")
    assert len(unpublished.commits) == 1


def test_a_repo_renamed_on_the_hub_is_left_alone_under_its_new_name(fleet: OnlineFleet) -> None:
    fleet.server.store.rename(ADA, "org/lovelace")
    renamed = fleet.server.files("org/lovelace")
    assert fleet.actions() == {"ada": "train", "lovelace": "unlisted"}
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    assert len(fleet.commits) == 1
    assert fleet.server.files("org/lovelace") == renamed


def test_foreign_repos_beside_ours_are_neither_planned_nor_touched(fleet: OnlineFleet) -> None:
    fleet.server.store.add("org/theirs", {"README.md": b"# theirs"})
    fleet.server.store.add("org/robot", {"bot.json": b'{"discord": true}'})
    fleet.change_template()
    assert fleet.actions() == {"ada": "card"}
    assert fleet.run("apply")[0] == 0
    assert not [call for call in fleet.writes if "/theirs" in call.path or "/robot" in call.path]


@pytest.mark.parametrize(
    ("readme", "manifest", "words"),
    [
        (b"---\ntags: [mynah\n---\n# Ada\n", None, "front matter was changed on the Hub"),
        (b"# Ada\n", b'{"published": {"version": 1', "bot.json is damaged"),
        (b"# Ada\n", b'{"published": {"version": 3}, "recipe": {}}', "newer version of the bot"),
        (b"# Ada\n", b'{"published": {"version": 1}, "recipe": {}}', "handles"),
    ],
    ids=["front matter broken", "manifest damaged", "from the future", "a key missing"],
)
def test_a_repo_of_ours_that_was_damaged_is_blocked_and_never_written(
    fleet: OnlineFleet, readme: bytes, manifest: bytes | None, words: str
) -> None:
    fleet.server.store.add(ADA, {"README.md": readme, **({"bot.json": manifest} if manifest else {})})
    assert fleet.actions() == {"ada": "blocked"}
    code, outcomes = fleet.outcomes("--force", "train")
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert words in outcomes["ada"]["reason"]
    assert fleet.writes == []


def test_a_manifest_damaged_behind_a_sound_card_fails_that_entry_alone(fleet: OnlineFleet) -> None:
    fleet.server.store.add(ADA, {"bot.json": b'{"published": {"version": 1'})
    fleet.change_template()
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (1, "failed")
    assert "bot.json is not a manifest this bot can read" in outcomes["ada"]["reason"]
    assert fleet.writes == []


def test_a_disk_that_is_full_while_the_model_is_written_fails_that_entry_and_publishes_nothing(
    unpublished: OnlineFleet,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, hard))  # the weights are larger, all else is smaller
    try:
        code, outcomes = unpublished.outcomes()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, outcomes["ada"]["result"]) == (1, "failed")
    assert "File too large" in outcomes["ada"]["reason"] + unpublished.err
    assert unpublished.writes == []
    assert unpublished.outcomes("--only", "ada")[1]["ada"]["result"] == "done"
    assert len(unpublished.commits) == 1


def test_a_run_killed_while_it_writes_the_model_sent_nothing_and_the_next_one_publishes(
    unpublished: OnlineFleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where what a killed run leaves behind can be found
    registry = str(unpublished.folder / "registry.yaml")
    killed = subprocess.run([sys.executable, "-c", KILLED, "apply", "--registry", registry], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.glob("bot-*/*/config.json"))  # the model was being written
    assert unpublished.writes == []
    assert unpublished.actions() == {"ada": "train"}
    code, outcomes = unpublished.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "done")
    assert len(unpublished.commits) == 1


RETRAIN = "{epochs: 2, learning_rate: 0.01, block_size: 64, batch_size: 8}"
MISSING = {
    "status": 404,
    "headers": {"X-Error-Code": "EntryNotFound"},
    "body": '{"error": "Entry not found"}',
}
"""What a replica or cache that lags behind answers for a file that is there."""


def change_recipe(fleet: OnlineFleet) -> None:
    """What makes the next apply train Ada again."""
    fleet.recipe = RETRAIN
    fleet.write()


def test_files_that_humans_added_survive_a_new_training_found_by_one_call(fleet: OnlineFleet) -> None:
    theirs = {"ada-q4.safetensors": b"a quantised copy", "LICENSE.md": b"MIT", ".gitignore": b"*.json\n"}
    fleet.server.store.add(ADA, theirs)
    change_recipe(fleet)
    fleet.server.clear()
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    after = fleet.server.files(ADA)
    assert {path: after[path] for path in theirs} == theirs
    assert "files that others added stay: .gitignore, LICENSE.md, ada-q4.safetensors" in fleet.err
    assert fleet.server.count("/tree/") == 1
    read = [call.path.split("/main/")[1] for call in fleet.server.calls if "/resolve/main/" in call.path]
    assert read == ["bot.json", "README.md"]
    assert sum(path.startswith("runs/") for path in after) == 1  # the last model's own went
    assert fleet.outcomes() == (0, {})


@pytest.mark.parametrize("path", ["generation_config.json", "model.safetensors"], ids=["regular", "large"])
def test_a_file_of_ours_changed_on_the_hub_is_kept_until_it_may_be_written_over(
    fleet: OnlineFleet, path: str
) -> None:
    fleet.server.store.add(ADA, {path: b"by hand"})
    change_recipe(fleet)
    fleet.server.clear()
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert outcomes["ada"]["reason"] == f"edited on the Hub: {path}; to write over it: --overwrite-edits ada"
    assert f"ada: {path} was changed on the Hub since it was published" in fleet.err
    assert fleet.writes == []
    assert fleet.outcomes("--overwrite-edits", "ada")[1]["ada"]["result"] == "done"
    assert fleet.server.files(ADA)[path] != b"by hand"


def test_a_hub_that_names_files_otherwise_than_git_makes_no_edit_of_them(
    fleet: OnlineFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub_repos.File.oid", property(lambda file: hashlib.sha256(file.data).hexdigest()))
    change_recipe(fleet)
    assert fleet.outcomes()[1]["ada"]["result"] == "done"


def test_a_card_that_one_answer_calls_missing_is_asked_for_again(fleet: OnlineFleet) -> None:
    fleet.server.store.add(ADA, {"README.md": f"{fleet.readme}\nBy hand.\n".encode()})
    fleet.server.fault(path="/resolve/main/README.md", **MISSING)
    code, outcomes = fleet.outcomes("--force", "card")
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "edited on the Hub" in outcomes["ada"]["reason"]
    assert "By hand." in fleet.readme


@pytest.mark.parametrize("path", ["README.md", "bot.json", "assets/avatar-ada.png"])
def test_a_listed_file_that_stays_missing_fails_and_nothing_is_written(fleet: OnlineFleet, path: str) -> None:
    fleet.server.fault(path=f"/resolve/main/{path}", times=-1, **MISSING)
    code, outcomes = fleet.outcomes("--force", "card")
    assert (code, outcomes["ada"]["result"]) == (1, "failed")
    assert re.search(
        rf"{path} of org/ada is listed and was not to be read in 4 tries", outcomes["ada"]["reason"]
    )
    assert fleet.writes == []


@pytest.mark.parametrize(
    "readme",
    [b"# Ada\n", b"---\ntags: [mynah, mine]\n---\n# Ada\n", None],
    ids=["none", "without ours", "gone"],
)
def test_a_card_whose_front_matter_was_removed_is_blocked_with_what_to_do_and_repaired_when_asked(
    fleet: OnlineFleet, readme: bytes | None
) -> None:
    store = fleet.server.store
    if readme is None:
        tree = {path: file for path, file in store.repos[ADA].head.tree.items() if path != "README.md"}
        store.repos[ADA].commit(tree, "Remove the card", "grace")
    else:
        store.add(ADA, {"README.md": readme})
    code, outcomes = fleet.outcomes()
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert outcomes["ada"]["reason"].endswith(
        "`mynah` is gone; put README.md back from the history on the Hub, or have it written again from bot.json: "
        "bot apply --overwrite-edits ada"
    )
    assert fleet.run("explain", "ada")[0] == 0
    assert "--overwrite-edits ada" in fleet.out
    assert fleet.writes == []
    code, outcomes = fleet.outcomes("--overwrite-edits", "ada")
    assert (code, outcomes["ada"]["action"], outcomes["ada"]["result"]) == (0, "card", "done")
    tags = front_matter.parse(fleet.readme)["tags"]
    assert ("mine" in tags) is (readme is not None and b"mine" in readme)
    assert fleet.actions() == {"ada": "ok"}
    assert fleet.outcomes() == (0, {})


def test_a_card_of_a_newer_bot_is_not_written_over(fleet: OnlineFleet) -> None:
    newer = json.loads(fleet.server.files(ADA)["bot.json"])
    newer["published"]["version"] = newer["version"] = 3
    readme = fleet.readme.replace("mynah:\n  version: 2\n", "mynah:\n  version: 3\n")
    fleet.server.store.add(ADA, {"README.md": readme.encode(), "bot.json": json.dumps(newer).encode()})
    change_recipe(fleet)
    code, outcomes = fleet.outcomes("--overwrite-edits", "ada")
    assert (code, outcomes["ada"]["result"]) == (0, "skipped")
    assert "newer version of the bot: update this one" in outcomes["ada"]["reason"]
    assert fleet.writes == []


def test_a_listing_that_carries_no_card_data_is_completed_by_looking_at_each_repo(
    fleet: OnlineFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Repo.row

    def bare(self: Repo, commit: Any, expand: list[str]) -> dict[str, Any]:
        row = listed(self, commit, expand)
        if "cardData" in expand:  # the listing; a single model is answered in full
            row = {key: row[key] for key in ("_id", "id", "sha", "private")} | {"tags": []}
        return row

    monkeypatch.setattr(Repo, "row", bare)
    fleet.server.store.add("org/theirs", {"README.md": b"# theirs"})
    fleet.server.store.add("org/empty")
    assert fleet.actions() == {"ada": "ok"}
    assert fleet.run("plan")[0] == 0
    assert "carries no card data: each repo was looked at by itself" in fleet.out
    assert fleet.outcomes() == (0, {})
    assert fleet.writes == []
    del fleet.server.store.repos[ADA]
    fleet.server.store.add(ADA)  # what a first publication that failed leaves behind
    assert fleet.actions() == {"ada": "train"}


def test_links_of_a_card_lead_to_the_hub_that_it_is_on(fleet: OnlineFleet) -> None:
    assert fleet.outcomes("--force", "card")[1]["ada"]["result"] == "done"
    found = front_matter.parse(fleet.readme)
    assert found["thumbnail"] == f"{fleet.server.url}/{ADA}/resolve/main/predictions.png"
    assert "huggingface.co" not in fleet.readme
