"""Whose account source `x` reads, what it may cost, and what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from x_clock import Clock, numbers, opened
from x_server import PICTURE, XServer, error_payload, post
from x_specs import SPECS

from bot.errors import Blocked, Deferred, SourceError
from bot.sources import Cost, Options, open_source
from bot.sources.budget import Budget, Limit
from bot.sources.posts import Post


@pytest.fixture(params=SPECS)
def x(request: pytest.FixtureRequest) -> Iterator[XServer]:
    with XServer(request.param) as server:
        yield server


def test_a_handle_with_another_owner_is_blocked_and_nothing_is_fetched(x: XServer) -> None:
    x.add("ada_example", posts=5, id="77")
    with pytest.raises(
        Blocked, match=r"the handle has another owner: .* was account 55, and is account 77 now"
    ):
        opened(x).read("ada_example", account="55")
    assert x.paths() == ["/2/users/by/username/ada_example"]


def test_the_same_owner_is_read(x: XServer) -> None:
    x.add("ada_example", posts=5, id="77")
    assert len(list(opened(x).read("ada_example", account="77").posts)) == 5


def test_a_renamed_account_is_reported_by_both_names(x: XServer) -> None:
    x.add("ada_lovely", posts=5, id="55")
    source = opened(x)
    with pytest.raises(Blocked, match=r"@ada_example is called @ada_lovely now \(account 55\)"):
        source.read("ada_example", account="55")
    assert x.pages() == []
    assert source.cost == Cost(1, 0.01)  # who is not found is not billed


def test_an_account_that_is_gone_by_handle_and_id_is_not_found(x: XServer) -> None:
    with pytest.raises(Blocked, match="@ada_example is not found"):
        opened(x).read("ada_example", account="55")
    assert x.paths() == ["/2/users/by/username/ada_example", "/2/users/55"]


def test_a_handle_of_digits_is_no_account_id(x: XServer) -> None:
    x.add("somebody", id="12345")
    x.add("12345", posts=2, id="9")
    source = opened(x)
    assert source.read("12345").profile.id == "9"
    with pytest.raises(Blocked, match="@gone_example is called @somebody now"):
        source.read("gone_example", account="12345")


@pytest.mark.parametrize(
    ("gone", "reason"),
    [("missing", "is not found"), ("suspended", "is suspended by X"), ("protected", "is protected")],
)
def test_who_is_not_shown_is_blocked_with_the_reason(x: XServer, gone: str, reason: str) -> None:
    x.add("ada_example", posts=5, gone=gone)
    source = opened(x)
    with pytest.raises(Blocked, match=reason):
        list(source.read("ada_example").posts)
    assert source.cost.reads == (1 if gone == "protected" else 0)


def test_a_protected_flag_blocks_before_any_timeline_is_read(x: XServer) -> None:
    x.add("ada_example", posts=5, protected=True)
    with pytest.raises(Blocked, match="protected: only followers"):
        opened(x).read("ada_example")
    assert x.pages() == []


def test_errors_beside_the_account_and_its_posts_are_harmless(x: XServer) -> None:
    x.add("ada_example", posts=5)
    beside = error_payload("resource-not-found", "Not Found Error", "pinned_tweet_id")["errors"]
    beside += error_payload("not-authorized-for-resource", "Authorization Error", "referenced_tweets.id")[
        "errors"
    ]
    x.mangle = lambda payload, _: {**payload, "errors": beside}
    timeline = opened(x).read("ada_example")
    assert len(list(timeline.posts)) == 5
    assert timeline.warnings == []


def test_an_account_suspended_between_two_pages_is_blocked_after_what_came(x: XServer) -> None:
    x.add("ada_example", posts=150)
    gone = error_payload("resource-not-found", "Forbidden", "id")
    x.mangle = lambda payload, params: gone if "pagination_token" in params else payload
    posts = iter(opened(x).read("ada_example").posts)
    assert len(list(islice(posts, 100))) == 100
    with pytest.raises(Blocked, match="suspended"):
        next(posts)


def test_the_budget_is_asked_before_each_page_and_never_exceeded(x: XServer) -> None:
    x.add("ada_example", posts=300)
    budget = Budget([Limit("--max-reads", 151)])
    source = opened(x, budget=budget)
    seen: list[Post] = []

    def read() -> None:
        seen.extend(source.read("ada_example").posts)

    with pytest.raises(Deferred, match=r"151 of --max-reads 151"):
        read()
    assert numbers(seen) == list(range(300, 150, -1))
    assert [page["max_results"] for page in x.pages()] == ["100", "50"]
    assert budget.spent == source.cost.reads == sum(x.billed.values()) == 151


def test_what_was_taken_and_not_billed_goes_back(x: XServer) -> None:
    x.add("ada_example", posts=30)
    told: list[int] = []

    def record(reads: int) -> int:
        told.append(reads)
        return 0

    budget = Budget([Limit("--max-reads", 500)], record)
    source = opened(x, budget=budget)
    assert len(list(source.read("ada_example").posts)) == 30
    assert told == [1, 100, -70]
    assert budget.spent == source.cost.reads == 31


def test_fewer_reads_than_x_can_be_asked_for_are_not_spent(x: XServer) -> None:
    x.add("ada_example", posts=300)
    source = opened(x, budget=Budget([Limit("x.monthly_reads", 5)]))
    with pytest.raises(Deferred, match=r"1 of x\.monthly_reads 5"):
        list(source.read("ada_example").posts)
    assert x.billed == {"users": 1, "posts": 0}


def test_without_any_reads_left_nothing_is_asked(x: XServer) -> None:
    source = opened(x, budget=Budget([Limit("--max-reads", 0)]))
    with pytest.raises(Deferred, match="0 of --max-reads 0"):
        source.read("ada_example")
    assert x.asked == []


def test_more_than_was_asked_for_is_counted_as_it_is(x: XServer) -> None:
    x.add("ada_example", posts=30)
    x.mangle = lambda payload, params: (
        {"data": [post(n) for n in range(130)]} if "max_results" in params else payload
    )
    budget = Budget()
    source = opened(x, budget=budget)
    assert len(list(source.read("ada_example").posts)) == 130
    assert budget.spent == source.cost.reads == 131


def test_without_a_token_x_is_off_and_says_how_to_get_one() -> None:
    source = open_source("x", environment={"X_API_BASE": "http://127.0.0.1:9"})
    for _ in range(2):
        with pytest.raises(Deferred, match="X_BEARER_TOKEN is not set; create a bearer token"):
            source.read("ada_example")
    assert source.cost == Cost()


@pytest.mark.parametrize(
    "base", ["ftp://x", "localhost:8", "http://", "http://u:p@h", "http://h?x=1", "http://h:x", "http://["]
)
def test_an_address_that_is_none_is_said(base: str) -> None:
    source = open_source("x", environment={"X_BEARER_TOKEN": "t", "X_API_BASE": base})
    with pytest.raises(Deferred, match="X_API_BASE is no address"):
        source.read("ada_example")


def test_a_token_that_cannot_be_sent_is_not_shown() -> None:
    source = open_source("x", environment={"X_BEARER_TOKEN": "sécret\ntoken"})
    with pytest.raises(Deferred, match="holds characters") as caught:
        source.read("ada_example")
    assert "token\n" not in str(caught.value)
    assert "cret" not in str(caught.value) + repr(source) + repr(vars(source))


def test_an_address_may_have_a_prefix(x: XServer) -> None:
    x.add("ada_example", posts=3)
    x.prefix = "/some/where"
    timeline = opened(x, environment={"X_API_BASE": f"{x.url}/some/where/"}).read("ada_example")
    assert timeline.profile.avatar == PICTURE
    assert len(list(timeline.posts)) == 3
    assert all(path.startswith("/some/where/") for path, _ in x.asked)
    with pytest.raises(SourceError, match="X answered 404; look at X_API_BASE"):
        opened(x).read("ada_example")


def test_the_environments_proxies_are_for_the_real_x(x: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    x.add("ada_example", posts=3)
    assert len(list(opened(x).read("ada_example").posts)) == 3


def test_a_netrc_does_not_replace_the_token(
    x: XServer, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:  # noqa: PTH123
        file.write("machine api.twitter.com login a password b\nmachine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", netrc)
    x.add("ada_example", posts=3)
    timeline = opened(x).read("ada_example")
    assert timeline.profile.avatar == PICTURE
    assert len(list(timeline.posts)) == 3


def test_a_picture_that_cannot_be_fetched_is_a_warning(x: XServer) -> None:
    x.add("ada_example", posts=3)
    x.fault(path="/profile_images/", times=-1, status=404)
    timeline = opened(x).read("ada_example")
    assert timeline.profile.avatar is None
    assert len(timeline.warnings) == 1
    assert timeline.warnings[0].startswith(
        "the picture of @ada_example could not be fetched: pbs.twimg.com answered"
    )
    assert len(list(timeline.posts)) == 3


def test_a_picture_that_is_not_on_xs_own_host_is_not_fetched(x: XServer) -> None:
    x.add("ada_example", picture="https://evil.example.com/profile_images/1/a_normal.png")
    assert opened(x).read("ada_example").profile.avatar is None
    assert x.paths() == [path for path, _ in x.asked]


def test_options_of_a_run_are_kept_out_of_sight(x: XServer) -> None:
    source = opened(x, Clock())
    assert x.token not in repr(source) + repr(Options(environment=x.environment))
