from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from registry_texts import HEAD

from bot import registry
from bot.apply.context import Limits, RunContext
from bot.apply.execute import execute, exit_code
from bot.errors import CredentialsError
from bot.hub.folder import FolderHub
from bot.plan.outcome import Outcome
from bot.plan.steps import Estimate, Plan, Step
from bot.store import Store


class Watcher:
    """Keeps the sentences of a run."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def stage(self, *_: object) -> None:
        pass

    def progress(self, *_: object) -> None:
        pass

    def done(self, name: str, result: str) -> None:
        self.lines.append(f"{name}: {result}")

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    path = tmp_path / "registry.yaml"
    path.write_text(f"{HEAD}models:\n- handles: [ada]\n  consent: self\n- handles: [bob]\n  consent: self\n")
    hub = FolderHub(tmp_path / "hub", "org")
    store = Store(f"file://{tmp_path / 'store'}")
    return RunContext(registry.load(path), hub, store, lambda: datetime.now(UTC), Watcher())


def step(name: str, action: Any, **more: Any) -> Step:
    return Step(name, f"org/{name}", action, "why", (name,), **more)


def test_two_steps_of_one_name_have_an_outcome_each_in_the_plans_order(context: RunContext) -> None:
    plan = Plan((step("ada", "blocked"), step("bob", "ok"), step("ada", "blocked", cause="waiting")))
    seen: list[int] = []
    outcomes = execute(plan, context, lambda so_far: seen.append(len(so_far)))
    assert [(outcome.name, outcome.result) for outcome in outcomes] == [
        ("ada", "skipped"),
        ("ada", "deferred"),
    ]
    assert seen == [2]
    assert exit_code(plan, outcomes) == 1


def test_a_step_that_a_guard_holds_back_is_not_executed(context: RunContext) -> None:
    plan = Plan((step("ada", "remove", held=True),))
    outcomes = execute(plan, context)
    assert [(outcome.result, outcome.reason) for outcome in outcomes] == [("skipped", "why")]
    assert exit_code(plan, outcomes) == 3


def test_a_refused_token_at_a_removal_tries_no_card_and_no_training(
    context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context.limits = Limits(allow_removals=1)

    def refused(*_: object) -> None:
        raise CredentialsError("the token was refused")

    monkeypatch.setattr(FolderHub, "hide", refused)
    plan = Plan((step("ada", "card"), step("bob", "train"), step("eve", "remove")))
    outcomes: Sequence[Outcome] = execute(plan, context)
    assert [(one.name, one.result) for one in outcomes] == [
        ("ada", "skipped"),
        ("bob", "skipped"),
        ("eve", "failed"),
    ]
    assert [one.refused for one in outcomes] == [False, False, True]
    assert exit_code(plan, outcomes) == 5


def test_a_result_is_shown_as_it_happens_and_its_reason_is_left_to_the_table(context: RunContext) -> None:
    outcomes = execute(Plan((step("ada", "card"),)), context)
    assert [one.result for one in outcomes] == ["failed"]
    assert isinstance(context.watcher, Watcher)
    assert context.watcher.lines == ["ada: failed"]


def test_the_expected_time_is_reported_on_the_hardware_it_was_measured_on_alone(context: RunContext) -> None:
    here = context.hardware().name
    context.expected = {
        "ada": Estimate(minutes=9.0, hardware=here, models=3),
        "bob": Estimate(minutes=9.0, hardware="another", models=3),
        "cyd": Estimate(unknown="until the first model"),
    }
    assert "about 9 min (estimate from 3 earlier models)" in context.expected_time("ada")
    assert [context.expected_time(name) for name in ("bob", "cyd", "dan")] == ["", "", ""]
