"""Which posts count, and in which form: each choice with its row in the funnel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.corpus import AccountCorpus, build, to_json
from bot.corpus.choices import effects
from bot.corpus.mentions import leading, masked, without_leading
from bot.corpus.threads import MOST_JOINED
from bot.registry.selection import UNCHANGED, Selection
from bot.sources.posts import Network, Post, Profile, Timeline

START = datetime(2024, 1, 1, tzinfo=UTC)


def post(number: int, text: str = "", **fields: Any) -> Post:
    words = text or f"post number {number} of this account"
    return Post(str(number), words, START + timedelta(hours=number), **fields)


def timeline(*posts: Post, network: Network = "x") -> Timeline:
    return Timeline(Profile("Ada_Example", "Ada", network, id="4242"), posts)


def account(*posts: Post, network: Network = "x", **selection: Any) -> AccountCorpus:
    chosen = UNCHANGED.model_copy(update=selection)
    (made,) = build([timeline(*posts, network=network)], chosen).accounts
    assert made.downloaded == sum(made.dropped.values()) + made.kept
    return made


def texts(made: AccountCorpus) -> list[str]:
    return [text.text for text in made.texts]


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@bob what a fine day", "what a fine day"),
        ("@bob @carol_d, what a fine day", "what a fine day"),
        ("@carol.example.social: what a day", "what a day"),
        ("@carol@m.example what a day", "what a day"),
        ("＠bob what a day", "what a day"),
        ("@bob", ""),
        (".@bob is here", ".@bob is here"),
        ("@bob's day", "@bob's day"),
        ("@bobさん、今日は", "@bobさん、今日は"),
        ("what a day @bob", "what a day @bob"),
        ("@ home at last", "@ home at last"),
    ],
)
def test_mentions_at_the_beginning_are_taken_away(text: str, rest: str) -> None:
    assert without_leading(text) == rest
    assert bool(leading(text)) == (rest != text)


@pytest.mark.parametrize(
    ("network", "text", "result"),
    [
        ("x", "see @bob_1 and @carol.", "see @user and @user."),
        ("x", "@bob.so it is", "@user.so it is"),
        ("x", "@bob @carol @dave look", "@user look"),
        ("x", "with @Ada_Example and @bob", "with @Ada_Example and @user"),
        ("x", "今日は@bobさんと", "今日は@userさんと"),
        ("x", "at bob@m.example or @bob@m.example", "at bob@m.example or @user"),
        ("x", "＠bob sings", "@user sings"),
        ("x", "@bob's idea", "@user's idea"),
        ("bluesky", "ask @carol.example.social.", "ask @user."),
        ("mastodon", "ask @carol@m.example, or @dan", "ask @user, or @user"),
        ("other", "meet @ 5, a@b", "meet @ 5, a@b"),
    ],
)
def test_handles_of_others_are_masked(network: str, text: str, result: str) -> None:
    assert masked(text, network, {"ada_example"}) == result


def test_by_default_replies_lose_their_mentions_and_handles_are_masked() -> None:
    (made,) = build([timeline(post(1, "@bob I saw @carol walking there"), post(2))]).accounts
    assert texts(made) == ["I saw @user walking there", "post number 2 of this account"]
    assert made.changed == {"stripped": 1, "masked": 1}
    assert made.dropped == {"retweets": 0, "short": 0}


def test_unchanged_posts_stay_as_they_are() -> None:
    made = account(post(1, "@bob I saw @carol walking there"))
    assert texts(made) == ["@bob I saw @carol walking there"]
    assert made.changed == {}


def test_posts_that_differ_in_whom_they_address_alone_are_duplicates() -> None:
    made = account(post(1, "@bob thank you so much"), post(2, "@carol thank you so much"), replies="strip")
    assert made.dropped["duplicates"] == 1


def test_the_handles_of_a_cyborg_are_not_masked() -> None:
    other = Timeline(Profile("bob", "Bob", "x"), [post(9, "I like @Ada_Example and @carol very much")])
    made = build([timeline(post(1, "I like @bob and @carol very much")), other])
    assert [texts(each) for each in made.accounts] == [
        ["I like @bob and @user very much"],
        ["I like @Ada_Example and @user very much"],
    ]


REPLIES = [
    post(1),
    post(2, reply_to="1"),  # to the own one
    post(3, reply_to="900"),  # to somebody's
    post(4, reply_to="901", reply_to_author="4242"),  # to an own one that is not there
    post(5, reply_to="902", reply_to_author="7"),
    post(6, "@bob this is for you alone"),
    post(7, "@ada_example a note to myself here", reply_to="1"),
    post(8, "@bob and on it goes here", reply_to="6"),
    post(9, "@ada_b another name that begins so", reply_to="1"),
]


def test_replies_to_others_are_dropped_and_own_threads_are_not() -> None:
    made = account(*REPLIES, replies="drop")
    assert [text.id for text in made.texts] == ["1", "2", "4", "7"]
    assert made.dropped["replies"] == 5


def test_days_are_the_first_and_the_last_that_count() -> None:
    posts = [post(hour) for hour in (0, 23, 24, 47, 48)]
    assert [text.id for text in account(*posts, since=START.date()).texts] == ["0", "23", "24", "47", "48"]
    made = account(*posts, since=(START + timedelta(days=1)).date(), until=(START + timedelta(days=1)).date())
    assert [text.id for text in made.texts] == ["24", "47"]
    assert made.dropped["dates"] == 3


def test_posts_of_apps_are_dropped_by_name_in_any_case() -> None:
    posts = [post(1, app="foursquare"), post(2, app="IFTTT"), post(3, app="Foursquare for iPad"), post(4)]
    made = account(*posts, apps=("Foursquare", "ifttt"))
    assert [text.id for text in made.texts] == ["3", "4"]
    assert made.dropped["apps"] == 2


def test_an_own_reply_chain_is_one_text_in_the_order_of_time() -> None:
    made = account(
        post(3, "@ada_example and then a third", reply_to="2"),
        post(1, "one post begins it", lang="en"),
        post(2, "more", reply_to="1", sensitive=True),
        post(4, "not of it at all"),
        post(5, "answers somebody else entirely", reply_to="900"),
        threads="join",
    )
    assert texts(made) == [
        "one post begins it more and then a third",
        "not of it at all",
        "answers somebody else entirely",
    ]
    assert (made.texts[0].id, made.texts[0].lang, made.texts[0].sensitive) == ("1", "en", True)
    assert made.dropped == {"retweets": 0, "short": 0, "joined": 2}


def test_a_post_with_private_data_leaves_its_thread_alone() -> None:
    made = account(
        post(1, "one post begins it"),
        post(2, "write to bob@example.com today", reply_to="1"),
        post(3, "and here it ends", reply_to="2"),
        threads="join",
    )
    assert texts(made) == ["one post begins it and here it ends"]
    assert made.dropped == {"retweets": 0, "short": 0, "joined": 1, "private_data": 1}


def test_a_thread_without_end_is_several_texts() -> None:
    posts = [post(1), *(post(number, reply_to=str(number - 1)) for number in range(2, 2 * MOST_JOINED + 2))]
    assert account(*posts, threads="join").kept == 3


def test_lines_are_kept_for_poets() -> None:
    poem = "  The sea is grey \n\n\n\n the gulls  are white\nhttps://t.co/x\nand so am I "
    assert texts(account(post(1, poem))) == ["The sea is grey the gulls are white and so am I"]
    assert texts(account(post(1, poem), lines="keep")) == [
        "The sea is grey\n\nthe gulls are white\n\nand so am I"
    ]


def test_a_choice_in_use_has_its_row_also_with_nothing_in_it() -> None:
    made = account(post(1), replies="drop", since=START.date(), apps=("IFTTT",), threads="join", lines="keep")
    assert made.dropped == dict.fromkeys(("retweets", "short", "dates", "apps", "replies", "joined"), 0)


def test_what_each_choice_would_change_is_counted_before_anything_is_chosen() -> None:
    posts = [
        *REPLIES,
        post(10, "two\nlines of it", app="Pen"),
        post(11, "I like @carol very much", app="Pen"),
        post(12, "RT @dave: hello", is_repost=True),
    ]
    assert effects(timeline(*posts)) == {
        "replies: strip": 4,
        "replies: drop": 5,
        "mentions: mask": 4,
        "threads: join": 4,
        "lines: keep": 1,
        "apps": {"Pen": 2},
        "years": {"2024": 11},
    }


def test_the_counts_stand_in_the_json_below_info() -> None:
    line = timeline(post(1, "@bob this is for you"), post(2))
    made = build([line], Selection(replies="drop"))
    (value,) = to_json(made, choices=[effects(line)])["accounts"]
    assert (value["downloaded"], value["replies"], value["kept"]) == (2, 1, 1)
    assert value["info"]["choices"]["replies: strip"] == 1
    assert (value["info"]["stripped"], value["info"]["masked"]) == (0, 0)


PERSIAN = "آدمی به دنیا می‌آید تا از کتاب و رفیق لذت ببرد"
JAPANESE = "今日はとても寒いので家で本を読んでいます"


def test_a_language_that_the_script_excludes_is_overruled_by_the_text() -> None:
    (made,) = build(
        [timeline(post(1, JAPANESE, lang="no"), post(2, "สวัสดีตอนเช้าครับ", lang="en"), post(3, lang="en"))]
    ).accounts
    assert [text.lang for text in made.texts] == ["ja", "th", "en"]


def test_of_a_script_of_several_languages_the_text_decides() -> None:
    pytest.importorskip("py3langid")
    (made,) = build([timeline(post(1, PERSIAN, lang="en"), post(2, PERSIAN + " 2", lang="und"))]).accounts
    assert [text.lang for text in made.texts] == ["fa", None]
