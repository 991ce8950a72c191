"""Archives of X of every generation, in every form that people have them in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from old_archives import classic, classic_tweet, community_archive, table, unpack
from x_archives import javascript, link, long_post, members, pack, tweet

from bot.errors import SourceError
from bot.sources import check_file, open_source, owner_of
from bot.sources.posts import Owner, Post, Timeline

ADA = Owner("ada_example", "4242")


def read(*files: Path, handle: str = "ada_example", communities: bool = False) -> Timeline:
    return open_source("archive", file=[str(file) for file in files], communities=communities).read(handle)


def by_id(timeline: Timeline) -> dict[str, Post]:
    return {post.id: post for post in timeline.posts}


def ids(*files: Path, **how: Any) -> list[str]:
    return sorted(by_id(read(*files, **how)), key=int)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def refusal(*files: Path, handle: str = "ada_example") -> str:
    with pytest.raises(SourceError) as caught:
        read(*files, handle=handle)
    assert "canary" not in str(caught.value)
    return str(caught.value)


# -- X since 2018 ---------------------------------------------------------------------------------------------------


def test_a_single_tweets_js_is_read_whatever_its_name(tmp_path: Path) -> None:
    file = write(tmp_path / "tweets (1).js", javascript("tweets", [tweet(1), tweet(2)]))
    timeline = read(file)
    assert sorted(by_id(timeline)) == ["1", "2"]
    assert not timeline.complete
    assert not owner_of("archive", str(file))


def test_several_parts_and_the_account_of_one_archive_are_read_as_one(tmp_path: Path) -> None:
    contents = members({"data/tweets.js": [tweet(1)], "data/tweets-part1.js": [tweet(2)]})
    parts = [
        write(tmp_path / name, contents[f"data/{name}"].replace(b"part0", part))
        for name, part in (("tweets.js", b"part0"), ("tweets-part1.js", b"part1"), ("account.js", b"part0"))
    ]
    assert ids(*parts) == ["1", "2"]
    assert owner_of("archive", [str(part) for part in parts]) == ADA


def test_several_zips_of_one_archive_are_one_and_together_whole(tmp_path: Path) -> None:
    contents = members({"data/tweets.js": [tweet(1)], "data/tweets-part1.js": [tweet(2), tweet(3)]})
    part = contents.pop("data/tweets-part1.js")
    first, second = (
        pack(tmp_path / "a.zip", contents),
        pack(tmp_path / "b.zip", {"data/tweets-part1.js": part}),
    )
    assert "tweets-part1.js: the manifest names this part, but it is missing" in refusal(first)
    for order in ((first, second), (second, first)):
        timeline = read(*order)
        assert sorted(by_id(timeline)) == ["1", "2", "3"]
        assert timeline.complete
        assert timeline.profile.handle == "Ada_Example"


def test_a_zip_with_pictures_alone_is_passed_over_beside_the_one_with_posts(tmp_path: Path) -> None:
    posts = pack(tmp_path / "a.zip", members([tweet(1)]))
    media = pack(tmp_path / "b.zip", {"data/tweets_media/1-x.jpg": b"x", "data/tweets_media/2-y.mp4": b"y"})
    assert ids(posts, media) == ["1"]
    assert "pictures and videos alone" in refusal(media)


def test_two_archives_of_one_account_add_up_and_are_no_evidence_of_deletions(tmp_path: Path) -> None:
    old = pack(tmp_path / "old.zip", members([tweet(1), tweet(2)]))
    new = pack(tmp_path / "new.zip", members([tweet(2), tweet(3)]))
    timeline = read(old, new)
    assert sorted(by_id(timeline)) == ["1", "2", "3"]
    assert not timeline.complete


def other_account(contents: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data.replace(b"4242", b"9999") for name, data in contents.items()}


def test_archives_of_two_accounts_are_refused_without_a_name(tmp_path: Path) -> None:
    mine, other = members([tweet(1)]), other_account(members([tweet(2)], handle="Bob_Brine"))
    files = pack(tmp_path / "a.zip", mine), pack(tmp_path / "b.zip", other)
    said = refusal(*files)
    assert "archives of 2 accounts" in said
    assert "bob" not in said.lower()
    both = {
        **{f"ada/{name}": data for name, data in mine.items()},
        **{f"bob/{n}": data for n, data in other.items()},
    }
    assert "archives of 2 accounts" in refusal(pack(tmp_path / "both.zip", both))
    with pytest.raises(SourceError, match="archives of 2 accounts"):
        check_file("archive", str(tmp_path / "both.zip"))


@pytest.mark.parametrize("depth", ["", "twitter-2024/", "Downloads/x/twitter-2024/unpacked/again/"])
def test_an_unpacked_folder_is_read_at_any_depth(tmp_path: Path, depth: str) -> None:
    contents = members([tweet(1)])
    expected = read(pack(tmp_path / "a.zip", contents))
    unpack(tmp_path / "unpacked", {f"{depth}{name}": data for name, data in contents.items()})
    assert read(tmp_path / "unpacked") == expected


def test_the_data_folder_alone_is_an_archive(tmp_path: Path) -> None:
    unpack(tmp_path, members([tweet(1)]))
    assert ids(tmp_path / "data") == ["1"]


@pytest.mark.parametrize("change", [str.upper, str.title])
def test_names_in_another_case_are_the_same_names(tmp_path: Path, change: Any) -> None:
    contents = {change(name): data for name, data in members([tweet(1)]).items()}
    timeline = read(pack(tmp_path / "a.zip", contents))
    assert sorted(by_id(timeline)) == ["1"]
    assert timeline.profile.avatar == b"\xff\xd8picture"
    assert ids(unpack(tmp_path / "unpacked", contents)) == ["1"]


def test_an_archive_of_2018_to_2020_is_read_with_its_account(tmp_path: Path) -> None:
    contents = {
        "tweet.js": javascript("tweet", [tweet(1)["tweet"]]),
        "account.js": members([])["data/account.js"],
        "direct-message.js": javascript("direct_message", [{"canary": 1}]),
    }
    file = pack(tmp_path / "a.zip", contents)
    assert (ids(file), owner_of("archive", str(file))) == (["1"], ADA)


def test_posts_in_communities_are_read_where_somebody_asks_for_them(tmp_path: Path) -> None:
    contents = members([tweet(1)])
    contents["data/community-tweet.js"] = javascript("community_tweet", [tweet(2, community_id="7")])
    file = pack(tmp_path / "a.zip", contents)
    assert (ids(file), ids(file, communities=True)) == (["1"], ["1", "2"])
    # One that was imported with them and is read without them shows no deletion.
    assert not read(file).complete
    assert not read(file, communities=True).complete


def test_other_single_files_of_an_archive_are_named_and_never_read(tmp_path: Path) -> None:
    file = write(tmp_path / "tweets.js", javascript("direct_messages", [tweet(1, "canary")]))
    assert "this is direct-messages of an archive of X" in refusal(file)


def test_a_post_from_the_future_is_skipped_and_said(tmp_path: Path) -> None:
    records = [tweet(1), tweet(2), tweet(3, created_at="Wed Oct 10 20:19:24 +0000 2091")]
    timeline = read(pack(tmp_path / "a.zip", members(records)))
    assert sorted(by_id(timeline)) == ["1", "2"]
    assert "record 3 has a created_at in the future" in timeline.warnings[-1]


@pytest.mark.parametrize(
    "notice",
    [
        "This Tweet from @ada_example has been withheld in response to a report from the copyright holder. Learn more.",
        "@ada_example's account is temporarily unavailable because it violates the Twitter Media Policy. Learn more.",
        "@ada_example's account has been withheld in Germany in response to a legal demand. Learn more.",
    ],
)
def test_a_notice_in_the_place_of_a_withheld_post_is_no_post(tmp_path: Path, notice: str) -> None:
    timeline = read(pack(tmp_path / "a.zip", members([tweet(1), tweet(2, notice)])))
    assert sorted(by_id(timeline)) == ["1"]
    assert timeline.complete
    assert timeline.warnings == ("1 records are notices of X in the place of withheld posts, and no posts",)


def test_a_post_about_a_withheld_post_is_one(tmp_path: Path) -> None:
    text = "They say this Tweet from @bob has been withheld in response to a report. Learn more."
    assert ids(pack(tmp_path / "a.zip", members([tweet(1, text)]))) == ["1"]


WHOLE = "A rather long answer about the harbour and its lamps, over grey light and gulls. " * 5


@pytest.mark.parametrize("mentions", ["", "@bob_brine ", "@bob_brine @cab_cod "])
def test_a_long_reply_joins_its_whole_text_with_the_mentions_in_front(tmp_path: Path, mentions: str) -> None:
    when = "2018-10-10T20:19:24.000Z"
    cut = f"{mentions}{WHOLE}"[:276] + "… https://t.co/AbCdEfGhIj"
    record = tweet(1, cut, entities={"urls": [link(cut, "https://t.co/AbCdEfGhIj")]})
    file = pack(tmp_path / "a.zip", members([record], long_posts=[long_post(WHOLE, when)]))
    assert by_id(read(file))["1"].text == (mentions + WHOLE).strip()
    again = pack(tmp_path / "b.zip", members([record], long_posts=[long_post(mentions + WHOLE, when)]))
    assert by_id(read(again))["1"].text == (mentions + WHOLE).strip()


# -- Twitter from 2012 to 2018 --------------------------------------------------------------------------------------

MONTHS = {
    "2014_05": [
        classic_tweet(1000, "over grey light &amp; gulls", in_reply_to_status_id_str="7"),
        classic_tweet(1001, "RT @bob: something", retweeted_status={"id_str": "77", "text": "canary"}),
    ],
    "2014_06": [classic_tweet(1002, "a lamp http://t.co/abc by night", "2014-06-02")],
}


def expected(post: Sequence[str]) -> None:
    assert list(post) == ["over grey light & gulls", "", "a lamp  by night"]


def test_an_archive_of_2012_to_2018_is_read_by_its_months_and_its_index(tmp_path: Path) -> None:
    months = json.loads(json.dumps(MONTHS))
    months["2014_06"][0]["entities"]["urls"] = [{"url": "http://t.co/abc", "indices": [7, 22]}]
    file = pack(tmp_path / "a.zip", classic(months))
    timeline = read(file)
    posts = by_id(timeline)
    expected([posts[key].text for key in sorted(posts)])
    assert posts["1000"].created_at == datetime(2014, 5, 1, 10, 11, 12, tzinfo=UTC)
    assert (posts["1000"].reply_to, posts["1001"].is_repost, timeline.complete) == ("7", True, True)
    assert (timeline.profile.handle, timeline.profile.id, timeline.profile.name) == (
        "Ada_Example",
        "4242",
        "Ada 🦜",
    )
    assert owner_of("archive", str(file)) == ADA
    assert "canary" not in repr(posts)
    assert read(unpack(tmp_path / "unpacked" / "deeper", classic(months))) == timeline


def test_an_archive_of_2012_to_2018_that_misses_a_month_is_named(tmp_path: Path) -> None:
    contents = classic(MONTHS)
    del contents["data/js/tweets/2014_06.js"]
    assert "its index names 'data/js/tweets/2014_06.js', and that is missing" in refusal(
        pack(tmp_path / "a.zip", contents)
    )


def test_single_months_and_an_archive_without_its_index_are_read_with_the_owner_of_their_posts(
    tmp_path: Path,
) -> None:
    contents = classic(MONTHS, owner=False, index=False)
    timeline = read(pack(tmp_path / "a.zip", contents))
    assert (len(by_id(timeline)), timeline.complete) == (3, False)
    files = [write(tmp_path / f"{month}.js", contents[f"data/js/tweets/{month}.js"]) for month in MONTHS]
    assert ids(*files) == ["1000", "1001", "1002"]
    assert owner_of("archive", [str(file) for file in files]) == ADA
    files[1].write_bytes(files[1].read_bytes().replace(b"4242", b"9999"))
    assert "archives of 2 accounts" in refusal(*files)


def test_a_post_of_another_account_among_others_is_skipped_and_said(tmp_path: Path) -> None:
    strange = classic_tweet(1003, "canary", user={"screen_name": "bob", "id_str": "9999"})
    timeline = read(pack(tmp_path / "a.zip", classic({"2014_05": [*MONTHS["2014_05"], strange]})))
    assert sorted(by_id(timeline)) == ["1000", "1001"]
    assert "record 3 is of another account" in timeline.warnings[-1]


def test_two_archives_of_2012_to_2018_in_one_file_are_refused(tmp_path: Path) -> None:
    mine, other = classic(MONTHS), other_account(classic(MONTHS))
    both = {
        **{f"a/{name}": data for name, data in mine.items()},
        **{f"b/{n}": data for n, data in other.items()},
    }
    assert "archives of 2 accounts" in refusal(pack(tmp_path / "both.zip", both))


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("mark", [b",", b";"])
def test_the_table_of_2012_to_2018_is_read(tmp_path: Path, packed: bool, mark: bytes) -> None:
    data = table([record for records in MONTHS.values() for record in records]).replace(
        b'","', b'"%b"' % mark
    )
    file = (
        pack(tmp_path / "a.zip", {"tweets.csv": data}) if packed else write(tmp_path / "my posts.csv", data)
    )
    timeline = read(file)
    posts = by_id(timeline)
    expected([posts[key].text for key in sorted(posts)])
    assert (posts["1000"].reply_to, posts["1001"].is_repost, timeline.complete) == ("7", True, False)
    assert not owner_of("archive", str(file))


def test_a_table_whose_ids_a_spreadsheet_rounded_is_refused(tmp_path: Path) -> None:
    data = table([classic_tweet(1000 + n, "all is well") for n in range(3)]).replace(b'"100', b'"6.67E+17')
    assert "has no id_str that is a number, and 3 of its 3 records are like that" in refusal(
        write(tmp_path / "tweets.csv", data)
    )


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"a" * 2_000_000])
def test_a_table_that_turns_into_something_else_is_refused(tmp_path: Path, bad: bytes) -> None:
    data = table([classic_tweet(1, "canary is well")]) + bad
    assert "line 3 is" in refusal(write(tmp_path / "tweets.csv", data))


# -- The Community Archive ------------------------------------------------------------------------------------------


def test_a_file_of_the_community_archive_is_read_with_its_owner(tmp_path: Path) -> None:
    note = long_post(WHOLE, "2018-10-10T20:19:24.000Z")
    data = community_archive(
        [tweet(1, WHOLE[:270] + "…"), tweet(2)], note_tweet=[note], community_tweet=[tweet(3)], profile=[{}]
    )
    file = write(tmp_path / "archive.json", data)
    timeline = read(file)
    assert sorted(by_id(timeline)) == ["1", "2"]
    assert by_id(timeline)["1"].text == WHOLE.strip()
    assert (timeline.profile.handle, timeline.complete) == ("Ada_Example", False)
    assert owner_of("archive", str(file)) == ADA
    assert ids(file, communities=True) == ["1", "2", "3"]


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.97])
def test_a_file_of_the_community_archive_that_is_cut_short_is_refused(tmp_path: Path, keep: float) -> None:
    data = community_archive([tweet(n, "canary") for n in range(50)])
    said = refusal(write(tmp_path / "archive.json", data[: int(keep * len(data))]))
    assert "cut short or damaged" in said or "is damaged after its key" in said


def test_a_file_of_the_community_archive_of_two_accounts_is_refused(tmp_path: Path) -> None:
    assert "archives of 2 accounts" in refusal(
        write(tmp_path / "archive.json", community_archive([tweet(1)], accounts=2))
    )


# -- All kinds ------------------------------------------------------------------------------------------------------


def test_files_of_two_kinds_are_not_read_together(tmp_path: Path) -> None:
    old = pack(tmp_path / "old.zip", classic(MONTHS))
    new = pack(tmp_path / "new.zip", members([tweet(1)]))
    assert "give files of one kind at a time" in refusal(new, old)


@pytest.mark.parametrize(
    ("handle", "network"), [("ida@m.example", "Mastodon"), ("carol.example.social", "Bluesky")]
)
def test_an_archive_of_x_is_not_read_as_an_account_of_another_network(
    tmp_path: Path, handle: str, network: str
) -> None:
    file = pack(tmp_path / "a.zip", members([tweet(1)]))
    said = f"this is an archive of X, and '{handle}' is a handle of {network}; give the handle"
    assert said in refusal(file, handle=handle)
    with pytest.raises(SourceError, match="is a handle of"):
        check_file("archive", str(file), handle)


def test_an_archive_that_names_two_accounts_is_refused_without_a_name(tmp_path: Path) -> None:
    contents = members([tweet()], handle="ada_example")
    accounts = [{"account": {"username": f"user_{n}", "accountId": f"{n}"}} for n in (4242, 4243)]
    contents["data/account.js"] = javascript("account", accounts)
    file = pack(tmp_path / "two.zip", contents)
    assert "user_" not in refusal(file)
    with pytest.raises(SourceError):
        owner_of("archive", (str(file),), "ada_example")
