"""Every reader of bytes that others wrote, fed with damaged ones: a sentence, or a value, and nothing else.

`BOT_FUZZ=N` tries N damaged texts of each reader instead of a few; `BOT_FUZZ_SEED` draws others.
"""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from bluesky_repositories import block, file_of_blocks, key, post, repository
from bluesky_repositories import profile as about
from card_facts import manifest as card_manifest
from mastodon_archives import actor, boost, mastodon, note, outbox, tar
from meta_exports import INSTAGRAM, PROFILE, facebook, instagram, profile, threads
from old_archives import classic, classic_tweet, community_archive
from reddit_data import comments, posts, reddit, statistics
from registry_texts import EXAMPLE
from social_payloads import DID
from x_archives import Members, long_post, members, pack, tweet

from bot import manifest, registry, sources
from bot.apply import outcome_file
from bot.errors import BotError
from bot.github import event, tracking_issue
from bot.github.review import BOUNDS, Review
from bot.hub import front_matter, repo_status
from bot.io.bounded import Bounds, read_json, read_model
from bot.plan import file as plan_file
from bot.plan.outcome import Outcome
from bot.plan.steps import Note, Plan, Step
from bot.registry import edit
from bot.sources import Cost
from bot.sources.archives import detector
from bot.sources.archives import source as archives
from bot.sources.archives.kind import Choices
from bot.store import sealed

TIMES = int(os.environ.get("BOT_FUZZ", "40"))
SEED = int(os.environ.get("BOT_FUZZ_SEED", "0"))
HOSTILE = (
    *(b"[", b"]", b"{", b"}", b'"', b"\\", b",", b":", b"\n", b"\t", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    *(b"null", b"true", b"NaN", b"1e999", b"-1", b"0.5", b"[]", b"{}", b'""', b"9" * 30, b"9" * 5000),
    *(b"1" + b"0" * 309, b'"\\ud800"', b"\\ud800", b"[" * 2000, b'{"a":' * 2000, b"[[1]]", b'{"a": {}}'),
    *(b"[a]", b"{a: b}", b"a" * 300, b"- " * 200, b"&a *a", b"? ", b"!!x ", b"0001-01-01T00:00:00+23:59"),
    *(b'"9999-12-31T23:59:59-12:00"', b'"Mon Jan 01 00:00:00 +2359 0001"', b'"' + b"9" * 6000 + b'"'),
)  # fmt: skip


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The text with one to three bytes or values of it replaced, doubled, cut or taken out."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(made) + 1)
        end = min(len(made), start + chance.choice((0, 0, 1, 1, 5, 40)))
        match chance.randrange(5):
            case 0:
                made[start:end] = chance.choice(HOSTILE)
            case 1:
                made[start:end] = bytes([chance.randrange(256)])
            case 2:
                made = made[:start] if chance.random() < 0.3 else made[:start] + made[end:]
            case 3:
                made[start:start] = made[start:end]
            case _:
                made = replaced(made, chance)
    return bytes(made)


def replaced(data: bytearray, chance: random.Random) -> bytearray:
    """One value of JSON or YAML, from a colon to the end of its line or to a comma, is another."""
    colons = [index for index, byte in enumerate(data) if byte == ord(":")]
    if not colons:
        return data
    start = chance.choice(colons) + 1
    ends = [index for index in (data.find(b",", start), data.find(b"\n", start)) if index >= 0]
    return data[:start] + b" " + chance.choice(HOSTILE) + data[min(ends, default=len(data)) :]


def step() -> Step:
    return Step("ada", "org/ada", "train", "missing", ("ada",), state="s")


def plan_text(folder: Path) -> bytes:
    plan_file.write(Plan((step(),), (Note("listing", "a note"),)), folder / "p.json")
    return (folder / "p.json").read_bytes()


def outcome_text(folder: Path) -> bytes:
    outcome_file.write([Outcome("ada", "train", "done", "well", "0" * 40, 1.5)], folder / "o", Cost(5, 0.1))
    return (folder / "o").read_bytes()


def archive_members() -> Members:
    return members(
        [tweet(1, "one"), tweet(2, "two")], long_posts=[long_post("b" * 300, "2018-10-10T20:19:24Z")]
    )


def file_of(folder: Path, data: bytes) -> Path:
    (folder / "file").write_bytes(data)
    return folder / "file"


def read_archive(folder: Path, member: str, data: bytes) -> None:
    file = pack(folder / "a.zip", {**archive_members(), member: data})
    sources.check_file("archive", str(file))
    tuple(sources.open_source("archive", file=str(file)).read("ada").posts)


CLASSIC = classic(
    {"2014_05": [classic_tweet(1, "“@bob: a river” so true"), classic_tweet(2, "a quiet river")]}
)


def read_classic(folder: Path, member: str, data: bytes) -> None:
    read_files(folder, pack(folder / "b.zip", {**CLASSIC, member: data}).read_bytes())


def read_files(folder: Path, data: bytes) -> None:
    """Reads a file as the detector takes it, of whatever kind it is after the damage."""
    file = str(file_of(folder, data))
    source = detector.detect([file]).kind.SOURCE
    sources.owner_of(source, file)
    sources.check_file(source, file)
    tuple(sources.open_source(source, file=file).read("ada").posts)


def read_network(folder: Path, data: bytes) -> None:
    """Reads a file of any network as its own account's, with all that a person can say of it."""
    found = detector.detect([str(file_of(folder, data))])
    choices = Choices(post_per="line", public=True)
    handle = {"mastodon": "ida@m.example", "bluesky": "carol.example.social"}.get(
        found.kind.NETWORK or "", "ada"
    )
    found.kind.owner(found.looks)
    found.kind.check(found.looks, choices)
    tuple(archives.read(found, handle, choices).posts)


def read_block(folder: Path, data: bytes) -> None:
    """Reads a repository with such a record, in which each block is what its digest says."""
    read_network(folder, repository({key(1): data}))


def read_tree(folder: Path, data: bytes) -> None:
    """Reads a repository with such a tree."""
    commit = block({"did": DID, "version": 3, "data": block(data)[0]})
    read_network(folder, file_of_blocks(commit[0], commit, block(data), block(post(1))))


def read_commit(folder: Path, data: bytes) -> None:
    """Reads a repository with such a root."""
    read_network(folder, file_of_blocks(block(data)[0], block(data), TREE, block(post(1))))


def read_member(contents: Members, member: str) -> Callable[[Path, bytes], None]:
    """Reads an archive of any network with such a member."""
    return lambda folder, data: read_network(
        folder, pack(folder / "n.zip", {**contents, member: data}).read_bytes()
    )


def read_outcomes(folder: Path, data: bytes) -> None:
    file = file_of(folder, data)
    _, wrong = outcome_file.read_all([file])
    assert all("cannot be read" in sentence for sentence in wrong)
    outcome_file.spent([file])


def read_jsonl(folder: Path, data: bytes) -> None:
    sources.check_file("jsonl", str(file_of(folder, data)))


def read_event(folder: Path, data: bytes) -> None:
    event.text(event.read({"GITHUB_EVENT_PATH": str(file_of(folder, data))}), "issue", "body")


LINES = b"".join(
    json.dumps({"id": str(n), "text": "a quiet river", "created_at": "2025-01-01T00:00:00Z"}).encode() + b"\n"
    for n in range(3)
)
REVIEW = Review(pull=3, head="0" * 40, added=("ada",), rows=()).model_dump_json().encode()
CARD = (
    b'---\nlicense: "mit"\ntags: ["a", "b"]\nmodel-index:\n- name: x\n  results: []\nn: 12\n---\n\n# A card\n'
)
TREE = block({"l": None, "e": [{"p": 0, "k": key(1).encode(), "v": block(post(1))[0], "t": None}]})
NETWORKS: dict[str, bytes] = {
    "outbox": outbox([note(1), boost(2), note(3, summary="s", inReplyTo="https://m.example/1")]),
    "tar.gz of Mastodon": tar(mastodon([note(1)])),
    "tar of Mastodon": tar(mastodon([note(1)]), "w"),
    "repository": repository({key(1): post(1), "app.bsky.actor.profile/self": about()}),
    "comments of Reddit": comments("yes", "> no\n\n[a](https://example.org)"),
    "posts of Reddit": posts(("a", "b")),
    "Threads": threads("Öl"),
    "Instagram": instagram("Öl", "two"),
    "Facebook": facebook("Öl"),
    "table": b'text,created_at,id\nhello,2024-05-01,1\n"so, what",1714564800,2\n',
    "plain text": b"hello\n\nworld\n",
    "array of posts": b'[{"id": "1", "text": "a", "created_at": "2024-05-01"}]',
}
READERS: dict[str, tuple[Callable[[Path], bytes], Callable[[Path, bytes], object]]] = {
    "json": (
        lambda _: b'{"a": [1, 2.5, "x", null], "b": {"c": true}}',
        lambda _, data: read_json(data, Bounds(9999), "it"),
    ),
    "plan": (plan_text, lambda folder, data: plan_file.read(file_of(folder, data))),
    "outcomes": (outcome_text, read_outcomes),
    "event": (lambda _: b'{"issue": {"number": 3, "body": "a"}, "n": 1.5}', read_event),
    "review": (lambda _: REVIEW, lambda _, data: read_model(Review, data, BOUNDS, "the review")),
    "manifest": (lambda _: card_manifest().to_json(), lambda _, data: manifest.parse(data)),
    "manifest of the listing": (lambda _: card_manifest().to_json(), lambda _, data: repo_status.of_manifest(data)),
    "front matter": (lambda _: CARD, lambda _, data: front_matter.parse(data.decode(errors="replace"))),
    "registry": (lambda _: EXAMPLE.encode(), lambda folder, data: registry.read_text(data, folder / "registry.yaml")),
    "edited registry": (
        lambda _: EXAMPLE.encode(),
        lambda _, data: edit.add(data.decode(errors="replace"), ["eve.example"], source="bluesky", consent="self"),
    ),
    "posts of an archive": (
        lambda _: archive_members()["data/tweets.js"],
        lambda folder, data: read_archive(folder, "data/tweets.js", data),
    ),
    "long posts of an archive": (
        lambda _: archive_members()["data/note-tweet.js"],
        lambda folder, data: read_archive(folder, "data/note-tweet.js", data),
    ),
    "manifest of an archive": (
        lambda _: archive_members()["data/manifest.js"],
        lambda folder, data: read_archive(folder, "data/manifest.js", data),
    ),
    "month of an archive of 2014": (
        lambda _: CLASSIC["data/js/tweets/2014_05.js"],
        lambda folder, data: read_classic(folder, "data/js/tweets/2014_05.js", data),
    ),
    "index of an archive of 2014": (
        lambda _: CLASSIC["data/js/tweet_index.js"],
        lambda folder, data: read_classic(folder, "data/js/tweet_index.js", data),
    ),
    "account of an archive of 2014": (
        lambda _: CLASSIC["data/js/user_details.js"],
        lambda folder, data: read_classic(folder, "data/js/user_details.js", data),
    ),
    "table of an archive of 2014": (lambda _: CLASSIC["tweets.csv"], read_files),
    "single month of 2014": (lambda _: CLASSIC["data/js/tweets/2014_05.js"], read_files),
    "single tweets.js": (lambda _: archive_members()["data/tweets.js"], read_files),
    "community archive": (lambda _: community_archive([tweet(1, "one"), tweet(2, "two")]), read_files),
    "lines of unknown kind": (lambda _: LINES, read_files),
    "profile of an archive": (
        lambda _: archive_members()["data/profile.js"],
        lambda folder, data: read_archive(folder, "data/profile.js", data),
    ),
    "zip": (
        lambda folder: pack(folder / "z.zip", archive_members()).read_bytes(),
        lambda folder, data: sources.open_source("archive", file=str(file_of(folder, data))).read("ada"),
    ),
    "jsonl": (lambda _: LINES, read_jsonl),
    "packed jsonl": (lambda _: gzip.compress(LINES), read_jsonl),
    **{name: (lambda _, data=data: data, read_network) for name, data in NETWORKS.items()},  # type: ignore[misc]
    "actor of Mastodon": (lambda _: actor(), read_member(mastodon([note(1)]), "actor.json")),
    "account of Reddit": (lambda _: statistics(), read_member(reddit("yes"), "statistics.csv")),
    "profile of Instagram": (lambda _: profile(), read_member({INSTAGRAM: instagram("Öl")}, PROFILE)),
    "record of a repository": (lambda _: block(post(1, reply={"parent": {"uri": "at://a"}}))[1], read_block),
    "tree of a repository": (lambda _: TREE[1], read_tree),
    "root of a repository": (lambda _: block({"did": DID, "version": 3, "data": TREE[0]})[1], read_commit),
    "facts, notes and ledger of the store": (
        lambda _: sealed.seal({"posts": 3, "newest": None, "settled": "why"}),
        lambda _, data: sealed.unseal(data, "notes/ada.json"),
    ),
    "tracking issue": (
        lambda _: b'<!-- mynah: failing ["ada"] once ["bob"] -->\n',
        lambda _, data: tracking_issue.memory_of(data.decode(errors="replace")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_text_is_read_or_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    example, read = READERS[name]
    sound = example(tmp_path)
    read(tmp_path, sound)
    chance = random.Random(f"{SEED} {name}")
    for number in range(TIMES):
        data = damaged(sound, chance)
        said = refusal(read, tmp_path, data)
        assert said is None or said.strip(), number
        assert "Exceeds the limit" not in (said or ""), (
            number
        )  # Python's own words for a number of 5,000 digits


def refusal(read: Callable[[Path, bytes], object], folder: Path, data: bytes) -> str | None:
    """The sentence by which a reader refuses; None where it reads. Whatever else it raises, it raises here."""
    try:
        read(folder, data)
    except UnicodeError:
        raise
    except (BotError, ValueError) as error:
        return str(error)
    return None
