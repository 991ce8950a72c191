from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.hub import Listing, Repo
from bot.hub.published import Published
from bot.plan import assemble
from bot.plan.inputs import Desired, EntryState, PlanInput
from bot.plan.steps import ACTIONS, Plan, Step
from bot.registry.asked import CURRENT, recipe_digest
from bot.registry.card_settings import CardSettings
from bot.registry.tombstones import Tombstones, hashed

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)
CARD = CardSettings(("ada",), "https://example.org", None, "self", None, None, None, (), sensitive=False)
OTHER_CARD = dataclasses.replace(CARD, tags=("poetry",))
EPOCHS = {"epochs": 9}


def entry(name: str = "ada", **changes: object) -> Desired:
    same = Desired(name, (name,), base="b", template="t", card=CARD)
    return dataclasses.replace(same, **changes)  # type: ignore[arg-type]


def repo(name: str = "ada", *, age: timedelta = DAY, head: str | None = "h", **changes: object) -> Repo:
    facts = {
        "handles": (name,),
        "recipe": recipe_digest({}),
        "defaults": CURRENT,
        "base": "b",
        "template": "t",
        "card": CARD.digest(),
        "newest_post": NOW - age,
        "trained_at": NOW - age,
    }
    return Repo(name, head, published=Published.model_validate(facts | changes))


def plan(desired: list[Desired], listing: Listing, **given: Any) -> Plan:
    return assemble.plan(PlanInput(tuple(desired), listing, **given))


def judge(desired: Desired, actual: Repo | None, **kwargs: object) -> tuple[str, str]:
    repos = {actual.name: actual} if actual else {}
    made = plan([desired], Listing(repos), namespace="org", now=NOW, **kwargs)
    (step,) = made.steps
    return step.action, step.reason


def test_what_is_not_on_the_hub_is_trained() -> None:
    assert judge(entry(), None) == ("train", "missing: not on the hub yet")


def test_an_empty_repo_left_by_a_crash_counts_as_missing() -> None:
    assert judge(entry(), Repo("ada", None))[0] == "train"


def test_what_is_unchanged_and_young_is_left_alone() -> None:
    assert judge(entry(), repo()) == ("ok", "up to date, 1 day old")


def test_each_change_of_what_training_depends_on_is_named() -> None:
    assert judge(entry(asked=EPOCHS), repo()) == ("train", "changed: epochs: 3 -> 9")
    assert judge(entry(base="B"), repo()) == ("train", "changed: base")
    assert judge(entry(base="B", asked=EPOCHS), repo()) == ("train", "changed: base and epochs: 3 -> 9")
    assert judge(entry(handles=("ada", "bob")), repo()) == ("train", "changed: handles")


def changes(desired: Desired, actual: Repo | None, **given: Any) -> list[str]:
    listing = Listing({actual.name: actual} if actual else {})
    (step,) = plan([desired], listing, namespace="org", now=NOW, **given).steps
    return [str(change) for change in step.changes]


def test_a_change_carries_its_values_where_both_sides_are_known() -> None:
    both = entry(handles=("ada", "bob"), base="B", asked=EPOCHS)
    assert changes(both, repo()) == ["handles: ada -> ada, bob", "base: b -> B", "epochs: 3 -> 9"]
    assert changes(entry(template="T"), repo()) == ["template"]
    assert changes(entry(card=OTHER_CARD), repo()) == ["card"]
    assert changes(entry(), repo()) == changes(entry(), None) == []
    assert changes(entry(asked=EPOCHS), repo(), force="train") == []


def test_each_step_names_the_rule_that_decided_it() -> None:
    def kind(desired: Desired, actual: Repo | None, state: EntryState | None = None) -> str:
        listing = Listing({actual.name: actual} if actual else {})
        known = {"ada": state} if state else {}
        (step,) = plan([desired], listing, namespace="org", now=NOW, states=known, removed={"eve"}).steps
        return step.kind

    found = [
        kind(entry(fault="x"), None),
        kind(entry(handles=("ada", "eve")), None),
        kind(entry(), None, EntryState(fault="x")),
        kind(entry(), Repo("ada", "h", problem="x")),
        kind(entry(), Repo("ada", "h")),
        kind(entry(paused=True), repo()),
        kind(entry(), None, EntryState(skip_reason="x")),
        kind(entry(), None),
        kind(entry(asked=EPOCHS), repo()),
        kind(entry(), repo(age=100 * DAY)),
        kind(entry(card=OTHER_CARD), repo()),
        kind(entry(), repo()),
        kind(entry(), None, EntryState(no_posts_reason="x")),
        kind(entry(), None, EntryState(block_reason="x")),
        kind(entry(), None, EntryState(wait_reason="x")),
    ]
    assert found == [
        "faulty-entry",
        "removed-person",
        "unusable-posts",
        "damaged-repo",
        "foreign-repo",
        "paused",
        "skipped-before",
        "missing",
        "changed",
        "stale",
        "changed",
        "up-to-date",
        "no-posts",
        "blocked-account",
        "waiting",
    ]


def test_another_order_of_the_same_handles_renders_the_card_only() -> None:
    actual = repo(handles=("ada", "bob"))
    assert judge(entry(handles=("bob", "ada"), card=OTHER_CARD), actual)[0] == "card"


def test_a_changed_template_or_card_fact_renders_the_card_only() -> None:
    assert judge(entry(template="T"), repo()) == ("card", "the template changed")
    assert judge(entry(card=OTHER_CARD), repo())[0] == "card"


def test_training_beats_rendering_because_it_renders_too() -> None:
    assert judge(entry(template="T", asked=EPOCHS), repo())[0] == "train"


def test_old_age_trains_when_new_posts_are_there_or_may_be() -> None:
    old = repo(age=100 * DAY)
    known = {"ada": EntryState(new_posts=250)}
    assert judge(entry(), old, states=known) == ("train", "stale: 100 days old, 250 new posts")
    assert judge(entry(), old) == ("train", "stale: 100 days old; new posts are counted after the fetch")


def test_old_age_without_enough_new_posts_waits_and_says_so() -> None:
    old = repo(age=100 * DAY)
    stored = judge(entry(fetches=False), old, states={"ada": EntryState(new_posts=12)})
    assert stored == ("ok", "up to date, 100 days old; 12 of 100 new posts in the store")
    asked = EntryState(new_posts=12, ask_again=NOW + 3 * DAY, last_answer="12 of 100 new posts")
    action, reason = judge(entry(), old, states={"ada": asked})
    assert (action, reason) == (
        "ok",
        "up to date, 100 days old; 12 of 100 new posts, asks again on 2026-11-23",
    )
    assert judge(entry(), old, states={"ada": dataclasses.replace(asked, ask_again=NOW)})[0] == "train"


def test_too_little_text_blocks_until_there_is_more() -> None:
    known = {"ada": EntryState(skip_reason="too little text: 4,012 of 6,000 characters kept")}
    assert judge(entry(), None, states=known) == ("blocked", known["ada"].skip_reason)
    assert judge(entry(), Repo("ada", None), states=known)[0] == "blocked"
    assert judge(entry(), None, states=known, force="train")[0] == "train"


def test_nothing_to_train_on_blocks_whatever_was_asked_and_leaves_the_rest_alone() -> None:
    known = {
        "ada": EntryState(
            no_posts_reason="the store holds no posts of ada; import them with: bot import ada FILE"
        )
    }
    assert judge(entry(), None, states=known) == ("blocked", known["ada"].no_posts_reason)
    assert judge(entry(), None, states=known, force="train", only=["ada"])[0] == "blocked"
    assert judge(entry(asked=EPOCHS), repo(), states=known)[0] == "blocked"
    assert judge(entry(), repo(), states=known)[0] == "ok"
    assert judge(entry(card=OTHER_CARD), repo(), states=known)[0] == "card"


def test_a_repo_that_is_not_ours_blocks_the_entry_and_is_never_unlisted() -> None:
    foreign = Repo("ada", "h")
    assert judge(entry(), foreign)[0] == "blocked"
    assert judge(entry(), foreign, force="train")[0] == "blocked"
    assert plan([], Listing({"ada": foreign}), namespace="org", now=NOW).steps == ()


def test_a_damaged_repo_of_ours_blocks_and_says_what_is_damaged() -> None:
    action, reason = judge(entry(), Repo("ada", "h", problem="bot.json is cut short"))
    assert action == "blocked"
    assert "bot.json is cut short" in reason


def test_a_faulty_entry_is_blocked_with_its_line() -> None:
    assert judge(entry(fault="registry.yaml:3:5: no"), None) == ("blocked", "registry.yaml:3:5: no")


def test_a_paused_entry_is_neither_trained_nor_rendered() -> None:
    assert judge(entry(paused=True, asked=EPOCHS), repo())[0] == "ok"
    assert judge(entry(paused=True), None) == ("blocked", "paused in the registry")


def test_what_left_the_registry_is_reported_and_untouched() -> None:
    (step,) = plan([], Listing({"ada": repo()}), namespace="org", now=NOW).steps
    assert (step.action, step.repo) == ("unlisted", "org/ada")


def test_a_tombstone_removes_every_model_that_holds_the_person() -> None:
    cyborg = repo("ada-bob", handles=("bob", "ada"))
    made = plan(
        [entry("ada-bob"), entry("cleo")],
        Listing({"ada-bob": cyborg, "ada": repo(), "cleo": repo("cleo")}),
        namespace="org",
        now=NOW,
        removed=["ada"],
    )
    assert {step.name: step.action for step in made.steps} == {
        "ada": "remove",
        "ada-bob": "remove",
        "cleo": "ok",
    }


def test_a_removed_model_that_is_private_already_needs_nothing() -> None:
    hidden = dataclasses.replace(repo(), private=True)
    (step,) = plan([], Listing({"ada": hidden}), namespace="org", now=NOW, removed=["ada"]).steps
    assert step.action == "ok"


def test_where_removal_means_deletion_a_hidden_model_is_not_enough() -> None:
    hidden = Listing({"ada": dataclasses.replace(repo(), private=True)})
    (step,) = plan([], hidden, namespace="org", now=NOW, removed=["ada"], deletes=True).steps
    assert (step.action, step.reason) == ("remove", "@ada asked to be removed")


def test_an_entry_with_a_tombstoned_handle_is_blocked_alone() -> None:
    made = plan([entry(), entry("bob")], Listing({}), namespace="org", now=NOW, removed=["ada"])
    assert [(step.name, step.action) for step in made.steps] == [("bob", "train"), ("ada", "blocked")]


def test_force_and_only() -> None:
    listing = Listing({"ada": repo(), "bob": repo("bob")})
    made = plan([entry(), entry("bob")], listing, namespace="org", now=NOW, only=["bob"], force="card")
    assert [(step.name, step.action) for step in made.steps] == [("bob", "card")]


def test_the_missing_come_first_and_then_the_oldest() -> None:
    repos = {name: repo(name, age=age * DAY) for name, age in (("new", 100), ("old", 300), ("mid", 200))}
    desired = [entry("new"), entry("old"), entry("mid"), entry("gone")]
    made = plan(desired, Listing(repos), namespace="org", now=NOW)
    assert [step.name for step in made.steps] == ["gone", "old", "mid", "new"]


def fleet_of(count: int, age: timedelta = DAY) -> Listing:
    return Listing({f"n{index}": repo(f"n{index}", age=age) for index in range(count)})


def test_a_change_that_would_rewrite_much_of_the_fleet_is_held_back_and_new_models_go_on() -> None:
    desired = [entry(f"n{index}", template="T" if index < 40 else "t") for index in range(100)] + [
        entry("new")
    ]
    made = plan(desired, fleet_of(100), namespace="org", now=NOW)
    assert {step.action for step in made.steps if step.held} == {"card"}
    assert sum(step.held for step in made.steps) == 40
    assert not next(step for step in made.steps if step.name == "new").held
    (note,) = made.notes
    assert "40 of 100 published models" in note.text
    assert "--max-change 100%" in note.text
    allowed = plan(desired, fleet_of(100), namespace="org", now=NOW, max_change=1.0)
    assert not any(step.held for step in allowed.steps)
    assert allowed.notes == ()


def test_a_change_of_a_small_part_or_a_few_models_is_no_accident() -> None:
    few = [entry(f"n{index}", asked=EPOCHS) for index in range(10)]
    assert not any(step.held for step in plan(few, fleet_of(10), namespace="org", now=NOW).steps)
    part = [entry(f"n{index}", asked=EPOCHS if index < 30 else {}) for index in range(100)]
    assert not any(step.held for step in plan(part, fleet_of(100), namespace="org", now=NOW).steps)


def test_growing_old_together_is_no_accident() -> None:
    desired = [entry(f"n{index}") for index in range(100)]
    made = plan(desired, fleet_of(100, age=100 * DAY), namespace="org", now=NOW)
    assert made.counts == {"train": 100}
    assert not any(step.held for step in made.steps)


def test_losing_many_entries_at_once_is_said_with_the_flag() -> None:
    made = plan([entry(f"n{index}") for index in range(60)], fleet_of(100), namespace="org", now=NOW)
    assert "the registry lost 40 of 100" in made.notes[0].text
    assert {step.action for step in made.steps if step.held} == {"unlisted"}


def test_a_steps_state_changes_with_what_it_was_computed_from() -> None:
    def state(desired: Desired, actual: Repo) -> str:
        return plan([desired], Listing({"ada": actual}), namespace="org", now=NOW).steps[0].state

    same = state(entry(), repo())
    assert state(entry(), repo(age=5 * DAY)) == same
    assert state(entry(asked=EPOCHS), repo()) != same
    assert state(entry(), repo(head="other")) != same


def test_an_unpinned_base_that_moved_is_reported_and_no_reason_to_train() -> None:
    wanted = entry(base="org/base", base_revision="new")
    moved = plan(
        [wanted], Listing({"ada": repo(base="org/base", base_revision="old")}), namespace="org", now=NOW
    )
    assert moved.counts == {"ok": 1}
    assert "base org/base moved on the Hub since 1 of its models" in moved.notes[0].text
    for known, published in ((None, "old"), ("new", None), ("new", "new")):
        wanted = entry(base="org/base", base_revision=known)
        actual = repo(base="org/base", base_revision=published)
        assert plan([wanted], Listing({"ada": actual}), namespace="org", now=NOW).notes == ()


def test_what_would_end_without_improvement_again_leaves_the_published_model_alone() -> None:
    known = {"ada": EntryState(skip_reason="no improvement over the base", new_posts=500)}
    old = repo(age=100 * DAY)
    said = ("ok", "up to date, 100 days old; no improvement over the base")
    assert judge(entry(), old, states=known) == said
    assert judge(entry(asked=EPOCHS), old, states=known) == said
    assert judge(entry(template="T"), old, states=known)[0] == "card"
    assert judge(entry(), old, states=known, force="train")[0] == "train"


def test_what_failed_waits_unless_it_is_named() -> None:
    known = {"ada": EntryState(wait_reason="failed once, tries again later")}
    assert judge(entry(), None, states=known) == ("blocked", "failed once, tries again later")
    assert judge(entry(), None, states=known, only=["ada"])[0] == "train"


def test_changed_sampling_is_noted_and_trains_nothing() -> None:
    listing = Listing({"ada": repo(sampling="old"), "bob": repo("bob"), "cyd": repo("cyd", sampling="new")})
    wanted = [entry(sampling="new"), entry("bob", sampling="new"), entry("cyd", sampling="new")]
    made = plan(wanted, listing, namespace="org", now=NOW)
    assert {step.action for step in made.steps} == {"ok"}
    (note,) = [note for note in made.notes if note.kind == "sampling"]
    assert "the sampling settings of 1 published model changed" in note.text


def test_changed_prompts_are_noted() -> None:
    made = plan([entry(prompts="new")], Listing({"ada": repo(prompts="old")}), namespace="org", now=NOW)
    assert made.counts == {"ok": 1}
    assert "the prompts of 1 published model changed" in made.notes[0].text


def test_a_listing_without_a_token_is_said() -> None:
    made = plan([], Listing({}, sees_private=False), namespace="org", now=NOW)
    assert "private repos are invisible" in made.notes[0].text


def test_json_holds_what_the_contract_names() -> None:
    made = plan([entry()], Listing({}), namespace="org", now=NOW).to_json()
    assert made["counts"] == {"train": 1}
    assert len(made["digest"]) == 16
    (step,) = made["steps"]
    assert {"name", "repo", "action", "reason", "handles", "estimate"} <= set(step)
    assert (step["repo"], step["handles"]) == ("org/ada", ["ada"])


names = st.sampled_from([f"n{index}" for index in range(8)])
digests = st.sampled_from(["1", "2"])
entries = st.lists(
    st.builds(
        lambda name, **rest: Desired(name, (name,), **rest),
        names,
        asked=st.sampled_from([{}, EPOCHS]),
        base=digests,
        template=digests,
        card=st.sampled_from([CARD, OTHER_CARD]),
        paused=st.booleans(),
        fetches=st.booleans(),
        fault=st.none() | st.just("broken"),
    ),
    unique_by=lambda made: made.name,
)
repos = st.dictionaries(
    names,
    st.builds(
        lambda days, **facts: repo("x", age=days * DAY, **facts),
        st.integers(0, 300),
        recipe=st.sampled_from([recipe_digest({}), recipe_digest(EPOCHS), "another"]),
        base=digests,
        template=digests,
        card=st.sampled_from([CARD.digest(), OTHER_CARD.digest()]),
    ),
).map(lambda found: {name: dataclasses.replace(one, name=name) for name, one in found.items()})


def _plan(desired: list[Desired], found: dict[str, Repo]) -> Plan:
    found = {
        name: dataclasses.replace(
            one, published=one.published and one.published.model_copy(update={"handles": (name,)})
        )
        for name, one in found.items()
    }
    return plan(desired, Listing(found), namespace="org", now=NOW, removed=["n0"])


@given(entries, repos)
def test_every_entry_and_every_repo_of_ours_has_exactly_one_step_with_a_reason(
    desired: list[Desired], found: dict[str, Repo]
) -> None:
    made = _plan(desired, found)
    assert sorted(step.name for step in made.steps) == sorted({one.name for one in desired} | set(found))
    assert all(step.reason and step.action in ACTIONS for step in made.steps)
    assert sum(made.counts.values()) == len(made.steps)


@given(entries, repos, st.randoms(use_true_random=False))
def test_the_order_of_entries_and_repos_changes_nothing(
    desired: list[Desired], found: dict[str, Repo], chance: object
) -> None:
    shuffled = list(desired)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _plan(shuffled, dict(reversed(found.items()))) == _plan(desired, found)


@given(entries, repos)
def test_after_everything_was_done_the_next_plan_does_nothing(
    desired: list[Desired], found: dict[str, Repo]
) -> None:
    after = dict(found)
    for step in _plan(desired, found).steps:
        wanted = {one.name: one for one in desired}.get(step.name)
        if step.action in {"train", "card"} and wanted is not None:
            after[step.name] = repo(
                step.name,
                age=timedelta(0) if step.action == "train" else (step.age or DAY),
                recipe=recipe_digest(wanted.asked),
                base=wanted.base,
                template=wanted.template,
                card=wanted.card.digest() if wanted.card else "",
            )
        elif step.action == "remove":
            del after[step.name]
    again = _plan(desired, after).counts
    assert not {"train", "card", "remove"} & set(again)


def removals(*repos: Repo, removed: tuple[str, ...] = ("ada",), deletes: bool = False) -> dict[str, Step]:
    listing = Listing({one.name.lower(): one for one in repos})
    made = plan([], listing, namespace="org", now=NOW, removed=set(removed), deletes=deletes)
    return {step.name: step for step in made.steps}


def broken(name: str, *named: str, complete: bool = False, private: bool = False) -> Repo:
    return Repo(name, "h", private, problem="bot.json is damaged", named=named, complete=complete)


def test_a_damaged_repo_that_names_a_removed_person_is_removed() -> None:
    step = removals(broken("birds", "ada", "bob", complete=True))["birds"]
    assert (step.action, step.cause, step.hides) == ("remove", "tombstone", False)
    assert step.handles == ("ada", "bob")
    assert step.reason == "@ada asked to be removed"


def test_a_repo_that_cannot_be_read_and_whose_name_may_be_theirs_is_hidden_whatever_the_policy() -> None:
    steps = removals(broken("ada-bob"), broken("adam"), broken("ada", private=True), deletes=True)
    assert {name: step.action for name, step in steps.items()} == {
        "ada-bob": "remove",
        "adam": "unlisted",
        "ada": "ok",
    }
    assert steps["ada-bob"].hides
    assert "cannot be read (bot.json is damaged)" in steps["ada-bob"].reason
    assert steps["ada-bob"].handles == ("ada",)
    assert "it is damaged" in steps["adam"].reason


def test_a_hashed_tombstone_finds_them_too() -> None:
    gone = Tombstones({hashed("user@example.social", "ab" * 8): 1})
    listing = Listing({"bob-user.example.social": broken("bob-user.example.social")})
    (step,) = plan([], listing, namespace="org", now=NOW, removed=gone).steps
    assert (step.action, step.handles) == ("remove", ("user@example.social",))


def test_the_registry_says_whose_name_a_damaged_repo_bears() -> None:
    entries = [entry("art-of-war", handles=("sun",))]
    listing = Listing({"art-of-war": broken("art-of-war")})
    (step,) = plan(entries, listing, namespace="org", now=NOW, removed={"art"}).steps
    assert (step.action, step.cause) == ("blocked", "fault")


def test_a_model_is_not_made_under_the_name_of_a_removed_person() -> None:
    action, reason = judge(entry("ada", handles=("ada_new",)), None, removed={"ada"})
    assert action == "blocked"
    assert "its name is that of a person who asked to be removed" in reason
    (step,) = removals(repo("ada", handles=("ada_new",)), deletes=True).values()
    assert (step.action, step.hides) == ("remove", True)


def test_a_name_that_the_handles_give_is_nobody_elses() -> None:
    (step,) = removals(
        repo("ada.example.social", handles=("ada@example.social",)), removed=("ada.example.social",)
    ).values()
    assert step.action == "unlisted"
