"""Files of every network from `bot import` to the plan: whose they are, and that a removed person's are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from bluesky_repositories import key, post, profile, repository
from mastodon_archives import mastodon, note, outbox
from meta_exports import INSTAGRAM, PROFILE, instagram
from meta_exports import profile as meta_profile
from reddit_data import reddit
from social_payloads import DID
from x_archives import pack

from bot.__main__ import main
from bot.sources.posts import undated
from bot.store import Store

HEAD = "version: 1\nnamespace: me\ncontact: https://example.org/removal\n"
LONG = "All is well here, and birds sing at dawn"

FILES: dict[str, tuple[str, str, str, Callable[[Path], Path]]] = {
    "Mastodon": ("ida@m.example", "archive", "", lambda path: pack(path, mastodon([note(1, LONG)]))),
    "Bluesky": (
        "carol.example.social",
        "archive",
        DID,
        lambda path: written(path, repository({key(1): post(1, LONG)})),
    ),
    "Reddit": ("ada_example", "jsonl", "ada_example@reddit.com", lambda path: pack(path, reddit(LONG))),
    "Instagram": (
        "ada_example",
        "jsonl",
        "ada_example@instagram.com",
        lambda path: pack(path, {PROFILE: meta_profile(), INSTAGRAM: instagram(LONG)}),
    ),
}


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


class Home:
    """A folder with a file of one network and a registry."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def write(self, text: str) -> None:
        (self.folder / "registry.yaml").write_text(HEAD + text)

    def bot(self, *args: str) -> tuple[int, str, str]:
        code = main([*args, "--registry", str(self.folder / "registry.yaml")])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def stored(self, handle: str, source: str) -> int:
        facts = Store(f"file://{self.folder}/.bot/store").facts(handle, source)
        return facts.total if facts else 0


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    return Home(tmp_path, capsys)


@pytest.mark.parametrize("network", FILES)
def test_a_file_is_imported_and_its_entry_is_sound(home: Home, network: str) -> None:
    handle, source, _, make = FILES[network]
    file = make(home.folder / "given").name
    entry = f"handles: [{handle}], source: {source}, consent: self"
    home.write(f"models:\n- {{{entry}}}\n")
    code, out, err = home.bot("import", handle, file)
    assert (code, "new post" in out, "names no owner" in err) == (0, True, False)
    assert home.stored(handle, source) >= 1
    home.write(f"models:\n- {{{entry}, {source}: given}}\n")
    code, out, _ = home.bot("validate")
    assert (code, "no problems" in out) == (0, True)


@pytest.mark.parametrize("network", FILES)
def test_the_file_of_a_removed_person_is_refused_under_any_handle(home: Home, network: str) -> None:
    handle, source, account, make = FILES[network]
    file = make(home.folder / "given").name
    other = {"archive": "bob@m.example" if "@" in handle else "bob.example.social", "jsonl": "bob"}[source]
    removed = f"handles: [somebody], accounts: ['{account}']" if account else f"handles: [{handle}]"
    home.write(
        f"removed:\n- {{{removed}, on: 2026-01-01}}\n"
        f"models:\n- {{handles: [{other}], source: {source}, {source}: given, consent: self}}\n"
    )
    code, _, err = home.bot("import", other, file)
    assert (code, "somebody who was removed" in err) == (2, True)
    assert home.stored(other, source) == 0
    code, out, _ = home.bot("plan", "--json", "--hub", "dir:hub")
    (step,) = json.loads(out)["steps"]
    assert (step["action"], "somebody who was removed" in step["reason"]) == ("blocked", True)


@pytest.mark.parametrize("network", [name for name in FILES if name != "Bluesky"])
def test_the_file_of_somebody_else_does_not_make_consent_self(home: Home, network: str) -> None:
    handle, source, _, make = FILES[network]
    make(home.folder / "given")
    other = "bob@m.example" if "@" in handle else "bob"
    home.write(f"models:\n- {{handles: [{other}], source: {source}, {source}: given, consent: self}}\n")
    code, out, _ = home.bot("validate")
    assert (code, "so consent: self is not believed" in out) == (2, True)


def test_a_repository_is_its_accounts_where_the_entry_has_the_id(home: Home) -> None:
    FILES["Bluesky"][3](home.folder / "given")
    entry = "handles: [carol.example.social], source: archive, archive: given, consent: self"
    for account, noted in (("", True), (f", accounts: '{DID}'", False)):
        home.write(f"models:\n- {{{entry}{account}}}\n")
        code, out, _ = home.bot("plan", "--json", "--hub", "dir:hub")
        notes = json.loads(out)["notes"]
        assert any("nothing but your word" in each for each in notes) is noted
    home.write(f"models:\n- {{{entry}, accounts: 'did:plc:bobbobbobbobbobbobbobbob'}}\n")
    code, out, _ = home.bot("validate")
    assert (code, "is of another account than accounts: says" in out) == (2, True)


EMPTY = {
    "Mastodon": ("ida@m.example", outbox([])),
    "Bluesky": ("carol.example.social", repository({"app.bsky.actor.profile/self": profile()})),
    "table": ("diary", b"text,created_at\n"),
    "Reddit": ("ada", b"id,permalink,date,ip,subreddit,gildings,link,parent,body,media\n"),
}


@pytest.mark.parametrize("what", EMPTY)
def test_a_file_without_a_post_stores_nothing(home: Home, what: str) -> None:
    handle, data = EMPTY[what]
    written(home.folder / "given", data)
    home.write("models: []\n")
    code, _, err = home.bot("import", handle, "given")
    assert (code, "there is no post in it; nothing is stored" in err) == (2, True)
    assert not (home.folder / ".bot/store").exists() or home.stored(handle, "archive") == 0


def test_who_asks_in_their_repository_not_to_be_used_is_not_imported(home: Home) -> None:
    about = {"app.bsky.actor.profile/self": profile(description="#nobot"), key(1): post(1, LONG)}
    written(home.folder / "given", repository(about))
    home.write("models: []\n")
    code, _, err = home.bot("import", "carol.example.social", "given")
    assert (code, "asks in its bio not to be used" in err) == (2, True)
    assert home.stored("carol.example.social", "archive") == 0


def test_what_a_longer_text_has_at_its_end_counts_as_new(home: Home) -> None:
    home.write("models: []\n")
    for count in (3, 5):
        lines = "".join(f"bird number {number} sings here\n" for number in range(count))
        (home.folder / "notes.txt").write_text(lines)
        assert home.bot("import", "diary", "notes.txt", "--post-per", "line")[0] == 0
    facts = Store(f"file://{home.folder}/.bot/store").facts("diary", "jsonl")
    assert facts is not None
    assert (facts.total, facts.newer_than(undated(2))) == (5, 2)
