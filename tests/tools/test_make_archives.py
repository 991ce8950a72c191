"""The demo's archives: X's own shape, the oddities of real ones, and the same bytes from the same texts."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from avatars import avatar
from make_archives import CANARY, archive, drafts_of, write_zip
from personas import ACCOUNTS, DEVIL, JARGON, KING_JAMES, RICHARD, Draft
from PIL import Image
from texts import SLURS, austen, bierce, book_body, jargon, paragraphs, verses
from x_records import edit_info, records, short_link, written

import bot.cli.demo

ARCHIVES = Path(bot.cli.demo.__file__).parent / "archives"
LARGE = (DEVIL.handle, JARGON.handle, KING_JAMES.handle)
PRIVATE = ("deleted-tweets", "direct-messages", "ip-audit", "phone-number")

BIERCE = """
ABILITY, n.  The natural equipment to accomplish some small part of
the meaner ambitions distinguishing able men from slave-
drivers.

    A verse that nobody needs
    In a post.

DIE, v.t.  To do _what_ all do.
"""
JARGON_FILE = """00-database-short
     The Jargon File

bit bucket
 n.

    [very common] The universal data sink. See {dev
    null}, {black hole}.

    A second paragraph.

foo
 /foo/, interj.

    1. Term of disgust & more, used where x < y.
"""
BIBLE = """Ge1:1 In the beginning God created the heaven and the earth.
Prv1:7 The fear of the LORD is the beginning of knowledge.
1Jn1:1 That which was from the beginning.
Psa23:1 The LORD is my shepherd; I shall not want.
Eccl1:2 Vanity of vanities, saith the Preacher.
"""


def script(data: bytes) -> Any:
    return json.loads(data.decode().split(" = ", 1)[1])


def read(handle: str) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """The manifest, the tweets of all parts and the long posts of a shipped archive."""
    with zipfile.ZipFile(ARCHIVES / f"{handle}.zip") as shipped:
        manifest = script(shipped.read("data/manifest.js"))
        tweets = []
        for part in manifest["dataTypes"]["tweets"]["files"]:
            found = script(shipped.read(part["fileName"]))
            assert part["count"] == str(len(found))
            tweets += [item["tweet"] for item in found]
        notes = [item["noteTweet"] for item in script(shipped.read("data/note-tweet.js"))]
    return manifest, tweets, notes


@pytest.fixture(scope="module")
def shipped() -> dict[str, tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]]:
    return {account.handle: read(account.handle) for account in ACCOUNTS}


def test_each_account_has_a_small_archive_with_every_member_its_manifest_names() -> None:
    sizes = []
    for account in ACCOUNTS:
        path = ARCHIVES / f"{account.handle}.zip"
        sizes.append(path.stat().st_size)
        with zipfile.ZipFile(path) as zipped:
            assert zipped.testzip() is None
            names = set(zipped.namelist())
            manifest = script(zipped.read("data/manifest.js"))
        assert manifest["userInfo"]["userName"] == account.handle
        listed = {part["fileName"] for kind in manifest["dataTypes"].values() for part in kind["files"]}
        assert listed < names
        assert "Your archive.html" in names
    assert sum(sizes) < 1_100_000


def test_the_king_james_archive_comes_in_two_unsorted_parts(shipped: Any) -> None:
    manifest, tweets, _ = shipped[KING_JAMES.handle]
    files = [part["fileName"] for part in manifest["dataTypes"]["tweets"]["files"]]
    assert files == ["data/tweets.js", "data/tweets-part1.js"]
    numbers = [int(tweet["id_str"]) for tweet in tweets]
    half = len(numbers) // 2
    assert numbers != sorted(numbers)
    assert max(numbers[:half]) > min(numbers[half:]), "the parts overlap in time"


def test_the_large_accounts_have_what_real_archives_have(shipped: Any) -> None:
    for handle in LARGE:
        _, tweets, notes = shipped[handle]
        texts = [tweet["full_text"] for tweet in tweets]
        assert 1000 <= len(tweets) <= 3000
        assert sum(text.startswith("RT @") for text in texts) >= 40
        assert max(Counter(texts).values()) >= 2, "an exact duplicate"
        assert any(len(text.split()) < 3 for text in texts), "short posts"
        assert any(tweet["entities"]["urls"] for tweet in tweets)
        assert any(tweet["entities"]["hashtags"] for tweet in tweets)
        assert any(tweet["entities"].get("media") for tweet in tweets)
        assert any("in_reply_to_screen_name" in tweet for tweet in tweets)
        assert any(re.search("[\U0001f300-\U0001faff]", text) for text in texts), "emoji"
        assert any("&amp;" in text for text in texts)
        assert notes
        years = {tweet["created_at"][-4:] for tweet in tweets}
        assert years == {"2024", "2025", "2026"}


def test_poor_richard_has_too_little_to_say(shipped: Any) -> None:
    _, tweets, _ = shipped[RICHARD.handle]
    assert 0 < sum(len(tweet["full_text"]) for tweet in tweets) < 6000


def test_records_have_the_types_and_faults_of_real_ones(shipped: Any) -> None:
    for _, tweets, _ in shipped.values():
        numbers = [tweet["id_str"] for tweet in tweets]
        assert len(set(numbers)) == len(numbers)
        for tweet in tweets:
            assert tweet["retweeted"] is False
            assert tweet["id"] == tweet["id_str"]
            assert isinstance(tweet["favorite_count"], str)
            assert tweet["display_text_range"] == ["0", str(len(tweet["full_text"]))]
            datetime.strptime(tweet["created_at"], "%a %b %d %H:%M:%S %z %Y")
            assert not re.search(r"&(?!amp;|lt;|gt;)", tweet["full_text"])
            assert "<" not in tweet["full_text"]


def test_indices_point_at_their_entity_in_the_escaped_text(shipped: Any) -> None:
    for _, tweets, _ in shipped.values():
        for tweet in tweets:
            text, entities = tweet["full_text"], tweet["entities"]
            for url in entities["urls"] + entities.get("media", []):
                assert text[int(url["indices"][0]) : int(url["indices"][1])] == url["url"]
            for mention in entities["user_mentions"]:
                start, end = map(int, mention["indices"])
                assert text[start:end] == f"@{mention['screen_name']}"
            for hashtag in entities["hashtags"]:
                start, end = map(int, hashtag["indices"])
                assert text[start:end] == f"#{hashtag['text']}"


def test_each_long_post_has_one_cut_post_of_its_second_and_beginning(shipped: Any) -> None:
    for _, tweets, notes in shipped.values():
        at_second = defaultdict(list)
        for tweet in tweets:
            at_second[tweet["created_at"]].append(tweet["full_text"])
        for note in notes:
            text = note["core"]["text"]
            assert len(text) > 280
            second = datetime.fromisoformat(note["createdAt"]).strftime("%a %b %d %H:%M:%S +0000 %Y")
            assert [cut[:60] for cut in at_second[second]] == [written(text)[0][:60]]


def test_both_versions_of_an_edited_post_name_the_whole_chain(shipped: Any) -> None:
    _, tweets, _ = shipped[DEVIL.handle]
    by_id = {tweet["id_str"]: tweet for tweet in tweets}
    later = [tweet for tweet in tweets if "edit" in tweet["edit_info"]]
    assert later
    for tweet in later:
        edit = tweet["edit_info"]["edit"]
        chain = edit["editControlInitial"]["editTweetIds"]
        first = by_id[edit["initialTweetId"]]
        assert chain == [first["id_str"], tweet["id_str"]]
        assert first["edit_info"]["initial"]["editTweetIds"] == chain
        assert first["full_text"] != tweet["full_text"]


def test_private_files_hold_the_canary_and_public_ones_do_not() -> None:
    for account in ACCOUNTS:
        with zipfile.ZipFile(ARCHIVES / f"{account.handle}.zip") as zipped:
            holding = {name for name in zipped.namelist() if CANARY.encode() in zipped.read(name)}
        assert holding == {f"data/{name}.js" for name in PRIVATE}


def test_no_post_holds_a_slur(shipped: Any) -> None:
    for _, tweets, notes in shipped.values():
        texts = [tweet["full_text"] for tweet in tweets] + [note["core"]["text"] for note in notes]
        assert not [text for text in texts if SLURS.search(text)]
    assert SLURS.search("NEGRO, n.")
    assert not SLURS.search("a jewel of gold")


def test_avatars_are_four_different_square_pictures() -> None:
    pictures = [avatar(account.emblem) for account in ACCOUNTS]
    assert len({hashlib.sha256(picture).digest() for picture in pictures}) == len(ACCOUNTS)
    for picture in pictures:
        with Image.open(io.BytesIO(picture)) as image:
            assert (image.format, image.size) == ("PNG", (400, 400))


def test_source_texts_are_parsed() -> None:
    assert [(entry.word, entry.grammar) for entry in bierce(BIERCE)] == [("ABILITY", "n."), ("DIE", "v.t.")]
    assert bierce(BIERCE)[0].paragraphs[0].endswith("able men from slave-drivers.")
    assert bierce(BIERCE)[1].paragraphs == ("To do what all do.",)
    bucket, foo = jargon(JARGON_FILE)
    assert (bucket.word, bucket.grammar, len(bucket.paragraphs)) == ("bit bucket", "n.", 2)
    assert foo.paragraphs == ("1. Term of disgust & more, used where x < y.",)
    assert [(verse.book, verse.chapter, verse.number) for verse in verses(BIBLE)][:3] == [
        ("Ge", 1, 1),
        ("Prv", 1, 7),
        ("1Jn", 1, 1),
    ]


def test_books_lose_their_frame_and_their_headings() -> None:
    body = "CHAPTER I\n\nIt was a _dark_\nand stormy night.\n\n"
    book = f"Notes.\n*** START OF THIS BOOK ***\n{body}*** END OF IT ***\nMore."
    assert paragraphs(book_body(book)) == ["It was a dark and stormy night."]


def test_a_foreign_r_file_is_refused() -> None:
    integers = b"X\n" + bytes(12) + b"\0\0\0\0" + b"\0\0\0\x0d" + bytes(8)
    with pytest.raises(ValueError, match="rdb"):
        austen(bytes(4) + zlib.compress(integers))


def test_the_same_texts_give_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("first.zip", "second.zip"):
        drafts = drafts_of(BIERCE, JARGON_FILE, BIBLE)
        posts = records(drafts[DEVIL.handle], seed=1)
        write_zip(tmp_path / name, archive(DEVIL, posts, parts=2, seed=1))
        digests.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
        with zipfile.ZipFile(tmp_path / name) as zipped:
            assert {info.date_time for info in zipped.infolist()} == {(2026, 10, 4, 12, 0, 0)}
    assert digests[0] == digests[1]


def test_a_verse_of_the_wisdom_books_is_posted_and_no_other() -> None:
    texts = [draft.text for draft in drafts_of(BIERCE, JARGON_FILE, BIBLE)[KING_JAMES.handle]]
    assert any(text.startswith("Vanity of vanities") for text in texts)
    assert not any("In the beginning" in text or "from the beginning" in text for text in texts)


def test_a_text_is_written_as_x_stores_it() -> None:
    stored, entities = written(
        "a < b & see https://example.org/page?a=1&b=2 by @devils_dict #fun", photo="77"
    )
    link = short_link("https://example.org/page?a=1&b=2")
    assert stored == f"a &lt; b &amp; see {link} by @devils_dict #fun {short_link('77')}"
    assert len(link) == 23
    assert entities["urls"][0]["indices"] == ["19", "42"]
    assert entities["user_mentions"][0]["id_str"] == DEVIL.number
    assert entities["hashtags"] == [{"text": "fun", "indices": ["59", "63"]}]


def test_a_long_draft_is_cut_and_kept_whole_beside() -> None:
    posts = records([Draft("word " * 80)], seed=1)
    assert len(posts.tweets[0]["tweet"]["full_text"]) <= 280
    assert posts.tweets[0]["tweet"]["full_text"].endswith("…")
    assert posts.notes[0]["noteTweet"]["core"]["text"] == "word " * 80


def test_an_edited_draft_gives_two_records_of_one_chain() -> None:
    posts = records([Draft("the right text", first_version="the rihgt text")], seed=1)
    first, second = (record["tweet"] for record in posts.tweets)
    assert (first["full_text"], second["full_text"]) == ("the rihgt text", "the right text")
    chain = [first["id_str"], second["id_str"]]
    at = datetime.fromisoformat("2025-01-01T00:00:00+00:00")
    assert edit_info(chain, chain[0], at)["initial"]["editTweetIds"] == chain
    assert edit_info(chain, chain[1], at)["edit"]["initialTweetId"] == chain[0]
