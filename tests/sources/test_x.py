"""Source `x`: what is asked for, and what is read of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from x_clock import mark, numbers, opened
from x_server import FIRST_ID, PICTURE, XServer, post
from x_specs import BOTH, SPECS

from bot.errors import Deferred, SourceError
from bot.sources import Cost, Cursor, open_source
from bot.sources.budget import Budget, Limit


@pytest.fixture(params=SPECS)
def x(request: pytest.FixtureRequest) -> Iterator[XServer]:
    with XServer(request.param) as server:
        yield server


def test_a_whole_timeline_of_3200_posts(x: XServer) -> None:
    x.add("Ada_Example", posts=3_300)
    source = open_source("x", environment=x.environment)
    timeline = source.read("ada_example")
    assert source.cost == Cost(1, 0.01)
    assert numbers(timeline) == list(range(3_300, 100, -1))
    assert source.cost == Cost(3_201, 16.01)
    assert x.billed == {"users": 1, "posts": 3_200}
    assert len(x.pages()) == 32
    assert timeline.warnings == []
    assert timeline.not_fetched == ()


def test_a_profile_as_x_gives_it(x: XServer) -> None:
    x.add("Ada_Example", name="Ada &lt;3", more={"parody": True})
    profile = opened(x).read("ada_example").profile
    assert (profile.handle, profile.name, profile.bio, profile.id) == (
        "Ada_Example",
        "Ada <3",
        "made up & true",
        "1000",
    )
    assert (profile.network, profile.avatar, profile.parody) == ("x", PICTURE, True)
    assert ("/profile_images/1/ada_400x400.png", {}) in x.asked


def test_only_fields_that_are_used_are_asked_for(x: XServer) -> None:
    x.add("ada_example", posts=1)
    assert len(list(opened(x).read("ada_example").posts)) == 1
    for _, params in x.asked:
        assert set(params) <= {"user.fields", "tweet.fields", "post.fields", "max_results"}
        assert "expansions" not in params
        assert "public_metrics" not in str(params)


def test_pages_are_fetched_as_posts_are_asked_for(x: XServer) -> None:
    x.add("ada_example", posts=250)
    source = opened(x)
    posts = iter(source.read("ada_example").posts)
    assert x.pages() == []
    assert len(list(islice(posts, 100))) == 100
    assert (len(x.pages()), source.cost.reads) == (1, 101)
    assert len(list(islice(posts, 1))) == 1
    assert (len(x.pages()), source.cost.reads) == (2, 201)


def test_only_what_is_newer_than_the_mark_is_read(x: XServer) -> None:
    x.add("ada_example", posts=250)
    source = opened(x)
    assert numbers(source.read("ada_example", since=mark(230))) == list(range(250, 230, -1))
    assert source.cost == Cost(21, 0.11)


@pytest.mark.parametrize("known", [250, 251])
def test_without_anything_new_no_post_is_paid_for(x: XServer, known: int) -> None:
    x.add("ada_example", posts=250)
    source = opened(x)
    assert numbers(source.read("ada_example", since=mark(known))) == []
    assert len(x.pages()) == (
        0 if x.spec == "2.166" else 1
    )  # 2.167 tells the newest post as a paid expansion only
    assert source.cost == Cost(1, 0.01)
    assert x.billed == {"users": 1, "posts": 0}


def test_a_reading_that_broke_off_is_resumed_between_two_marks(x: XServer) -> None:
    x.add("ada_example", posts=250)
    source = opened(x)
    assert numbers(source.read("ada_example", since=mark(50), until=mark(100))) == list(range(99, 50, -1))
    assert source.cost.reads == 50
    assert numbers(source.read("ada_example", until=mark(11))) == list(range(10, 0, -1))


def test_a_mark_of_another_network_is_not_sent(x: XServer) -> None:
    x.add("ada_example", posts=3)
    foreign = Cursor("at://did:plc:x/1", mark(2).created_at)
    assert numbers(opened(x).read("ada_example", since=foreign)) == [3, 2, 1]


def test_an_account_without_posts_costs_its_profile(x: XServer) -> None:
    x.add("ada_example")
    source = opened(x)
    assert numbers(source.read("ada_example")) == []
    assert source.cost == Cost(1, 0.01)


def test_an_account_is_looked_up_once_a_run(x: XServer) -> None:
    x.add("ada_example", posts=10)
    source = opened(x)
    for since in (None, mark(5), mark(10)):
        assert len(numbers(source.read("ada_example", since=since))) == 10 - (
            int(since.id) - FIRST_ID if since else 0
        )
    assert x.paths().count("/2/users/by/username/ada_example") == 1
    assert sum("/profile_images/" in path for path, _ in x.asked) == 1


@pytest.mark.parametrize(
    "handle", ["", "a" * 16, "ada/../2/x", "ada?x=1", "ada example", "ada\n", "ádá", "@ada"]
)
def test_a_handle_that_x_cannot_have_is_never_sent(x: XServer, handle: str) -> None:
    with pytest.raises(SourceError, match="no handle of X"):
        opened(x).read(handle)
    assert x.asked == []


def test_retweets_are_left_out_only_when_asked_and_said(x: XServer) -> None:
    x.add("ada_example", [post(3), post(2, "RT @bob_example: hi"), post(1)])
    whole = opened(x).read("ada_example")
    assert [(p.is_repost) for p in whole.posts] == [False, True, False]
    assert whole.not_fetched == ()
    cheap = opened(x, retweets=False).read("ada_example")
    assert numbers(cheap) == [3, 1]
    assert cheap.not_fetched == ("retweets",)
    assert x.pages()[-1]["exclude"] == "retweets"


def test_of_an_edited_post_the_newest_version_counts(x: XServer) -> None:
    chain = [str(FIRST_ID + number) for number in (1, 2, 4)]
    x.add(
        "ada_example",
        [
            post(4, "third", edit_history_tweet_ids=chain),
            post(3),
            post(1, "first", edit_history_tweet_ids=chain),
        ],
    )
    posts = list(opened(x).read("ada_example").posts)
    assert [(p.text, p.superseded_by) for p in posts] == [
        ("third", None),
        (posts[1].text, None),
        ("first", str(FIRST_ID + 4)),
    ]


def test_an_edit_marks_the_version_that_was_stored_before(x: XServer) -> None:
    chain = [str(FIRST_ID + number) for number in (2, 4, 5)]
    x.add("ada_example", [post(5, "new", edit_history_tweet_ids=chain), post(3), post(1)])
    source = opened(x)
    posts = list(source.read("ada_example", since=mark(3)).posts)
    assert [(p.id, p.text, p.superseded_by) for p in posts] == [
        (str(FIRST_ID + 5), "new", None),
        (str(FIRST_ID + 2), "", str(FIRST_ID + 5)),  # 4 was never read, so nothing is said of it
    ]
    assert source.cost.reads == 2


def test_every_vocabulary_reads_the_same() -> None:
    read = []
    for spec in (*SPECS, BOTH):
        with XServer(spec) as x:
            x.add(
                "ada_example",
                [
                    post(4, "cut…", note_tweet={"text": "a long post &amp; whole"}),
                    post(3, "hi", possibly_sensitive=True),
                    post(2, "RT @bob: hidden", referenced_tweets=[{"type": "retweeted", "id": "5"}]),
                    post(1, edit_history_tweet_ids=[str(FIRST_ID), str(FIRST_ID + 1)]),
                ],
            )
            read.append(list(opened(x).read("ada_example").posts))
    assert read[0] == read[1] == read[2]
    assert read[0][0].text == "a long post & whole"
    assert [(p.sensitive, p.is_repost) for p in read[0]] == [
        (False, False),
        (True, False),
        (False, True),
        (False, False),
    ]


@pytest.mark.parametrize(
    ("spec", "refused"),
    [
        ("2.167", ["/2/users/by/username/ada_example"]),
        ("2.166", ["/2/users/1000/tweets"]),
        (BOTH, []),
    ],
)
def test_a_specification_refuses_one_request_a_run_at_most_and_bills_none(
    spec: str, refused: list[str]
) -> None:
    with XServer(spec) as x:
        x.add("ada_example", posts=150)
        x.add("bob_example", posts=20)
        source = opened(x)
        assert len(numbers(source.read("ada_example"))) == 150
        assert len(numbers(source.read("bob_example"))) == 20
        assert [path for path, _ in x.refused] == refused
        assert source.cost == Cost(172, 0.87)
        assert x.billed == {"users": 2, "posts": 170}


def test_posts_of_other_people_are_never_asked_for_nor_paid(x: XServer) -> None:
    x.add("ada_example", posts=20)
    source = opened(x)
    assert len(numbers(source.read("ada_example"))) == 20
    for _, params in [*x.asked, *x.refused]:
        assert "expansions" not in params


@pytest.mark.parametrize("given", SPECS)
def test_an_api_that_ignores_names_it_does_not_know_is_asked_by_others_once(given: str) -> None:
    with XServer(given) as x:
        x.add("ada_example", posts=150)
        x.unknown = "ignore"
        source = opened(x)
        posts = list(source.read("ada_example").posts)
        assert len(posts) == 150
        assert {p.lang for p in posts} == {"en"}
        twice = 100 if given == "2.166" else 0  # its first page, without what the newer names asked for
        assert source.cost.reads == sum(x.billed.values()) == 151 + twice
        assert len(list(source.read("ada_example", until=mark(50)).posts)) == 49
        assert len(x.pages()) == 3 + bool(twice)


def test_where_x_says_versions_by_an_expansion_alone_they_are_asked_for_and_their_cost_is_counted() -> None:
    chain = [str(FIRST_ID + number) for number in (2, 4, 5)]
    with XServer("2.167") as x:
        x.versions = "expanded"
        x.add("ada_example", [post(5, "new", edit_history_tweet_ids=chain), post(3), post(1)])
        budget = Budget()
        source = opened(x, budget=budget)
        posts = list(source.read("ada_example", since=mark(3)).posts)
        assert [(p.id, p.text, p.superseded_by) for p in posts] == [
            (str(FIRST_ID + 5), "new", None),
            (str(FIRST_ID + 2), "", str(FIRST_ID + 5)),
        ]
        assert [page.get("expansions") for page in x.pages()] == [None, "edit_history_post_ids"]
        assert budget.spent == source.cost.reads == sum(x.billed.values()) == 1 + 1 + 3


def test_versions_that_cost_reads_keep_within_the_budget() -> None:
    with XServer("2.167") as x:
        x.versions = "expanded"
        older = [[str(FIRST_ID + 1_000 * n + k) for k in range(5)] for n in range(61)]
        x.add(
            "ada_example",
            [post(n, edit_history_tweet_ids=[*older[n], str(FIRST_ID + n)]) for n in range(60, 0, -1)],
        )
        budget = Budget([Limit("--max-reads", 200)])
        source = opened(x, budget=budget)
        with pytest.raises(Deferred, match="of --max-reads 200"):
            list(source.read("ada_example").posts)
        assert budget.spent == source.cost.reads == sum(x.billed.values()) <= 200
