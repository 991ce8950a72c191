from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from x_archives import javascript, link, long_post, members, pack, tweet

from bot.errors import SourceError
from bot.sources import check_file, open_source, owner_of
from bot.sources.posts import Owner, Post, Timeline


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "archive.zip"


def read(file: Path | str, handle: str = "ada_example") -> Timeline:
    return open_source("archive", file=str(file)).read(handle)


def only_post(file: Path, record: dict[str, Any], **options: Any) -> Post:
    (post,) = read(pack(file, members([record], **options))).posts
    return post


def by_id(timeline: Timeline) -> dict[str, Post]:
    return {post.id: post for post in timeline.posts}


def test_a_post_is_read_with_its_string_numbers_as_plain_values(file: Path) -> None:
    record = tweet(
        1050118621198921728,
        "Good morning",
        lang="in",
        possibly_sensitive=True,
        in_reply_to_status_id_str="7",
        in_reply_to_user_id_str="8",
        source='<a href="https://example.org/app" rel="nofollow">Rock &amp; Roll</a>',
    )
    assert only_post(file, record) == Post(
        id="1050118621198921728",
        text="Good morning",
        created_at=datetime(2018, 10, 10, 20, 19, 24, tzinfo=UTC),
        lang="in",
        reply_to="7",
        sensitive=True,
        reply_to_author="8",
        app="Rock & Roll",
    )


def test_the_profile_has_handle_name_id_bio_and_picture_and_nothing_of_the_e_mail(file: Path) -> None:
    timeline = read(pack(file, members([tweet()])))
    profile = timeline.profile
    assert (profile.handle, profile.name, profile.id) == ("Ada_Example", "Ada 🦜", "4242")
    assert (profile.network, profile.bio, profile.avatar) == ("x", "Birds & bees", b"\xff\xd8picture")
    assert "canary" not in repr(timeline)
    assert timeline.warnings == ()


def test_parts_are_those_that_the_manifest_names_in_whatever_order_their_posts_stand(file: Path) -> None:
    parts = {
        "data/tweets.js": [tweet(9, "nine"), tweet(2, "two")],
        "data/tweets-part1.js": [tweet(5, "five")],
        "data/tweets-part10.js": [tweet(1, "one")],
    }
    contents = members(parts)
    contents["data/tweets-part2.js"] = javascript("tweets", [tweet(99, "not named by the manifest")])
    assert sorted(by_id(read(pack(file, contents)))) == ["1", "2", "5", "9"]


def test_without_a_manifest_parts_are_found_by_name(file: Path) -> None:
    parts = {"data/tweets.js": [tweet(1)], "data/tweets-part1.js": [tweet(2)]}
    assert sorted(by_id(read(pack(file, members(parts, manifest=False))))) == ["1", "2"]


def test_an_old_archive_has_tweet_js_at_its_root_and_no_wrapper(file: Path) -> None:
    contents = {"tweet.js": javascript("tweet", [tweet(1)["tweet"], tweet(2)])}
    timeline = read(pack(file, contents))
    assert sorted(by_id(timeline)) == ["1", "2"]
    assert timeline.profile.handle == "ada_example"
    assert timeline.warnings == ("the archive does not say whose it is; taken for @ada_example's",)


def test_an_unpacked_folder_and_a_folder_packed_again_are_archives_too(tmp_path: Path, file: Path) -> None:
    contents = members([tweet(1)])
    for name, data in contents.items():
        path = tmp_path / "unpacked" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    deeper = {f"twitter-2024/{name}": data for name, data in contents.items()}
    expected = read(pack(file, contents))
    assert read(tmp_path / "unpacked") == expected
    assert read(pack(tmp_path / "deeper.zip", deeper)) == expected


def test_an_archive_is_read_from_a_url(file: Path) -> None:
    import fsspec

    data = pack(file, members([tweet(1)])).read_bytes()
    fsspec.filesystem("memory").pipe_file("/private/archive.zip", data)
    assert read("memory://private/archive.zip") == read(file)


def test_a_retweet_is_known_by_how_it_begins_since_its_flag_is_always_false(file: Path) -> None:
    records = [tweet(1, "RT @someone: look at this"), tweet(2, "I like RT @someone")]
    posts = by_id(read(pack(file, members(records))))
    assert (posts["1"].is_repost, posts["2"].is_repost) == (True, False)


def test_links_are_cut_by_their_places_in_the_escaped_text_before_it_is_unescaped(file: Path) -> None:
    text = "🦜 a &lt;b&gt; &amp; c https://t.co/aaa d https://t.co/bbb"
    media = link(text, "https://t.co/bbb")
    record = tweet(
        1,
        text,
        entities={"urls": [link(text, "https://t.co/aaa")], "media": [media]},
        extended_entities={"media": [media, media]},
    )
    assert only_post(file, record).text == "🦜 a <b> & c  d"


def test_a_link_from_before_x_shortened_links_is_cut_by_its_place_alone(file: Path) -> None:
    text = "http://bit.ly/x &amp; &lt;http://bit.ly/x&gt;"
    second = {"url": "http://bit.ly/x", "indices": ["26", "41"]}
    assert text[26:41] == second["url"]
    assert only_post(file, tweet(1, text, entities={"urls": [second]})).text == "http://bit.ly/x & <>"


def test_entities_are_unescaped_once_so_that_what_was_typed_stays(file: Path) -> None:
    assert only_post(file, tweet(1, "write &amp;lt; for &lt;")).text == "write &lt; for <"


def test_a_link_whose_indices_are_wrong_is_found_by_its_text(file: Path) -> None:
    text = "👩‍👩‍👧 look https://t.co/abc and https://t.co/abcd"
    wrong = {"url": "https://t.co/abc", "indices": ["0", "5"]}
    assert (
        only_post(file, tweet(1, text, entities={"urls": [wrong]})).text
        == "👩‍👩‍👧 look  and https://t.co/abcd"
    )


def test_a_long_post_is_joined_by_time_and_beginning(file: Path) -> None:
    whole = "This is a long post &amp; it goes on and on with https://t.co/inside so that it is long. " * 5
    cut = whole[:270] + "… https://t.co/self"
    record = tweet(1, cut, created_at="Wed Mar 01 12:00:00 +0000 2023")
    notes = [long_post(whole, "2023-03-01T12:00:00.843Z")]
    assert only_post(file, record, long_posts=notes).text == (
        ("This is a long post & it goes on and on with  so that it is long. " * 5).strip()
    )


@pytest.mark.parametrize(
    ("beginning", "created_at"),
    [("Another post ", "2023-03-01T12:00:00.000Z"), ("", "2023-03-01T12:00:01.500Z")],
)
def test_a_long_post_of_another_beginning_or_time_is_not_joined(
    file: Path, beginning: str, created_at: str
) -> None:
    whole = "This is a long post and it goes on and on so that it is long. " * 6
    record = tweet(1, whole[:270] + "…", created_at="Wed Mar 01 12:00:00 +0000 2023")
    notes = [long_post(beginning + whole, created_at)]
    assert only_post(file, record, long_posts=notes).text == whole[:270] + "…"


def test_older_versions_of_an_edited_post_are_marked_with_the_newest(file: Path) -> None:
    versions = ["100", "105", "120"]
    edited = {"edit": {"initialTweetId": "100", "editControlInitial": {"editTweetIds": versions}}}
    records = [
        tweet(120, "Third", edit_info=edited),
        tweet(100, "First"),
        tweet(105, "Second", edit_info={"edit": {"initialTweetId": "100"}}),
        tweet(7, "Untouched"),
    ]
    posts = by_id(read(pack(file, members(records))))
    assert {key: post.superseded_by for key, post in posts.items()} == {
        "100": "120",
        "105": "120",
        "120": None,
        "7": None,
    }


def test_a_version_that_the_archive_lacks_supersedes_nothing(file: Path) -> None:
    info = {"initial": {"editTweetIds": ["100", "105"]}}
    assert only_post(file, tweet(100, "First", edit_info=info)).superseded_by is None


def test_half_a_surrogate_pair_in_a_name_does_not_come_through(file: Path) -> None:
    contents = members([tweet(1)])
    account = [{"account": {"username": "Ada_Example", "accountId": "1", "accountDisplayName": "Ada \ud83e"}}]
    contents["data/account.js"] = f"window.YTD.account.part0 = {json.dumps(account)}".encode()
    assert read(pack(file, contents)).profile.name == "Ada ?"


def test_private_files_are_never_opened(file: Path) -> None:
    private = [
        "deleted-tweets.js",
        "deleted-tweet-headers.js",
        "twitter-circle-tweet.js",
        "direct-messages.js",
        "direct-messages-group.js",
        "ip-audit.js",
        "phone-number.js",
        "email-address-change.js",
        "contact.js",
        "tweets_media/1-a.jpg",
    ]
    canary = bytes(range(256)) * 8
    contents = {**members([tweet(1)]), **{f"data/{name}": canary for name in private}}
    pack(file, contents)
    data = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        for name in private:  # whoever opens one of these gets an error instead of data
            info = archive.getinfo(f"data/{name}")
            at = info.header_offset + 30 + len(info.filename)
            data[at : at + info.compress_size] = b"\xff" * info.compress_size
            assert zipfile.is_zipfile(file)
    file.write_bytes(data)
    with zipfile.ZipFile(file) as archive, pytest.raises(Exception, match=r"invalid|CRC"):
        archive.read("data/ip-audit.js")
    assert sorted(by_id(read(file))) == ["1"]


def test_a_manifest_that_passes_off_a_private_file_as_posts_is_refused(file: Path) -> None:
    contents = members([tweet(1)])
    contents["data/direct-messages.js"] = javascript("direct_messages", [tweet(2, "secret")])
    contents["data/manifest.js"] = contents["data/manifest.js"].replace(b"tweets.js", b"direct-messages.js")
    with pytest.raises(
        SourceError, match=r"archive.zip: data/manifest.js: it names 'data/direct-messages.js'"
    ):
        read(pack(file, contents))


def test_an_archive_of_somebody_else_says_so_and_keeps_its_own_handle(file: Path) -> None:
    timeline = read(pack(file, members([tweet(1)], handle="Bob_Example")))
    assert timeline.profile.handle == "Bob_Example"
    assert timeline.warnings == (
        "the archive is another account's, not @ada_example's",
    )  # a card names nobody


def test_fewer_posts_than_the_manifest_announces_is_a_warning(file: Path) -> None:
    contents = members([tweet(1)])
    contents["data/manifest.js"] = contents["data/manifest.js"].replace(b'"count": "1"', b'"count": "12"', 1)
    assert read(pack(file, contents)).warnings == ("the archive announces 12 posts and holds 1",)


def test_an_archive_without_posts_is_an_empty_timeline(file: Path) -> None:
    assert read(pack(file, members([]))).posts == ()


def test_a_huge_part_is_read_in_pieces(file: Path) -> None:
    records = [tweet(number, f"Post number {number} says " + "é" * 200) for number in range(3_000)]
    posts = by_id(read(pack(file, members(records))))
    assert len(posts) == 3_000
    assert posts["2999"].text.startswith("Post number 2999 says éé")


def test_reading_costs_nothing_and_a_check_reads_no_posts(file: Path) -> None:
    contents = members([tweet(1)])
    pack(file, contents)
    assert open_source("archive", file=str(file)).cost.usd == 0
    check_file("archive", str(file))
    contents["data/tweets.js"] = b"window.YTD.tweets.part0 = [ nonsense"
    check_file("archive", str(pack(file, contents)))
    del contents["data/tweets.js"]
    with pytest.raises(SourceError, match="it is missing"):
        check_file("archive", str(pack(file, contents)))


def test_no_post_is_lost_to_a_byte_order_mark_or_a_missing_assignment(file: Path) -> None:
    contents = members([tweet(1)])
    contents["data/tweets.js"] = b"\xef\xbb\xbf" + json.dumps([tweet(1), tweet(2)]).encode() + b" ;\n"
    assert sorted(by_id(read(pack(file, contents)))) == ["1", "2"]


def test_a_few_odd_records_are_skipped_and_said_and_the_rest_is_read(file: Path) -> None:
    odd: list[dict[str, Any]] = [{"tweet": {"id_str": "9"}}, tweet("no id"), tweet(8, created_at="SECRET")]
    timeline = read(pack(file, members([tweet(1), tweet(2), *odd, tweet(3), tweet(4)])))
    assert set(by_id(timeline)) == {"1", "2", "3", "4"}
    assert list(timeline.warnings) == [
        f"{file}: data/tweets.js: record 3 has no full_text; 3 of its 7 records were skipped"
    ]


def test_a_file_of_mostly_odd_records_is_not_read(file: Path) -> None:
    odd: list[dict[str, Any]] = [{"tweet": {"id_str": str(n), "text": 7}} for n in range(3)]
    with pytest.raises(SourceError, match=r"record 2 has no full_text, and 3 of its 5 records are like that"):
        read(pack(file, members([tweet(1), *odd, tweet(2)])))


def test_a_damaged_long_post_costs_that_post_its_end_alone(file: Path) -> None:
    when = "2018-10-10T20:19:24.000Z"
    whole = "Long " * 80
    notes = [long_post(whole, when), {"noteTweet": {"core": {}}}]
    timeline = read(pack(file, members([tweet(1, whole[:270] + "…")], long_posts=notes)))
    assert by_id(timeline)["1"].text == whole.strip()
    assert list(timeline.warnings) == [
        f"{file}: data/note-tweet.js: record 2 has no core.text; 1 of its 2 records were skipped"
    ]


def test_a_record_that_repeats_an_id_is_the_same_post_and_said(file: Path) -> None:
    parts = {"data/tweets.js": [tweet(1), tweet(2)], "data/tweets-part1.js": [tweet(2), tweet(3)]}
    timeline = read(pack(file, members(parts)))
    assert set(by_id(timeline)) == {"1", "2", "3"}
    assert list(timeline.warnings) == ["1 records repeat a post that was read already; each post counts once"]


def incomplete(what: str) -> dict[str, bytes]:
    """An archive of two posts that shows in one way that it is not whole, or does not show that it is."""
    records = [tweet(1), tweet(2)]
    match what:
        case "no manifest":
            return members(records, manifest=False)
        case "announces more":
            made = members(records)
            made["data/manifest.js"] = made["data/manifest.js"].replace(b'"count": "2"', b'"count": "3"', 1)
            return made
        case "announces nothing":
            made = members(records)
            made["data/manifest.js"] = made["data/manifest.js"].replace(
                b'"count": "2"', b'"count": "many"', 1
            )
            return made
        case "odd records":
            return members([*records, {"tweet": {"id_str": "3"}}])
        case "one part twice":
            return members({"data/tweets.js": records, "data/tweets-part1.js": records})
        case _:
            return members(records, long_posts=[{"noteTweet": {}}, long_post("long", "2018-10-10T20:19:24Z")])


@pytest.mark.parametrize(
    "what",
    [
        "no manifest",
        "announces more",
        "announces nothing",
        "odd records",
        "one part twice",
        "odd long posts",
    ],
)
def test_an_archive_that_does_not_show_that_it_is_whole_is_no_evidence(what: str, file: Path) -> None:
    timeline = read(pack(file, incomplete(what)))
    assert sorted(by_id(timeline)) == ["1", "2"]
    assert not timeline.complete


def test_an_archive_that_holds_what_it_announces_is_whole(file: Path) -> None:
    parts = {"data/tweets.js": [tweet(1)], "data/tweets-part1.js": [tweet(2)]}
    assert read(pack(file, members(parts))).complete
    assert read(pack(file, members(parts)), "bob").complete


def test_whose_an_archive_is_is_read_without_its_posts(file: Path) -> None:
    contents = members([tweet(1)])
    contents["data/tweets.js"] = b"window.YTD.tweets.part0 = [ nonsense"
    assert owner_of("archive", str(pack(file, contents))) == Owner("ada_example", "4242")
    assert owner_of("archive", str(pack(file, members([tweet(1)], manifest=False)))).account == "4242"
    del contents["data/account.js"]
    assert owner_of("archive", str(pack(file, contents))) == Owner("ada_example", "4242")
    assert not owner_of("archive", str(pack(file, {"tweets.js": javascript("tweets", [tweet(1)])})))


def test_a_count_of_thousands_of_digits_announces_nothing(file: Path) -> None:
    contents = members([tweet(1)])
    contents["data/manifest.js"] = contents["data/manifest.js"].replace(b'"1"', b'"' + b"9" * 6_000 + b'"', 1)
    assert sorted(by_id(read(pack(file, contents)))) == ["1"]
