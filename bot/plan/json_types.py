"""The shape of plans and outcomes as JSON. docs/json.md is made of these types: each field says what it holds."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

ActionJson = Literal["train", "card", "remove", "blocked", "unlisted", "ok"]


class EstimateJson(TypedDict):
    """The estimated cost of a step."""

    reads: Annotated[int, "paid reads of posts and profiles, at most"]
    usd: Annotated[float, "their price in US dollars"]
    minutes: Annotated[
        float | None, "expected minutes of training, scoring and sampling; null where not known"
    ]
    hardware: Annotated[str, "the hardware that takes as long; empty where not known"]
    models: Annotated[int, "the number of earlier models on it that the minutes rest on"]
    unknown: Annotated[str, "until when the minutes are not known; else empty"]


class ChangeJson(TypedDict):
    """One difference between an entry and what is published."""

    what: Annotated[str, "the key that differs: epochs, tag, handles, template"]
    old: Annotated[str | None, "the published value; null where it is not set or known by its digest alone"]
    new: Annotated[str | None, "the registry's value; null where it is not set or known by its digest alone"]


class StepJson(TypedDict):
    """One entry or repo, and what is to be done about it."""

    name: Annotated[str, "the model's name, which is its repo's"]
    repo: Annotated[str, "NAMESPACE/NAME"]
    action: Annotated[ActionJson, "what is to be done, or is the state"]
    reason: Annotated[str, "why, in a sentence for people; programs compare the other fields"]
    handles: Annotated[list[str], "the accounts imitated"]
    estimate: Annotated[EstimateJson, "what it costs"]
    head: Annotated[
        str | None, "the repo's commit that the step was computed from; null where there is no repo"
    ]
    cause: Annotated[
        str, "what led to the step: missing, stale, changed, card, forced, fault, tombstone and others"
    ]
    state: Annotated[str, "a digest of all that the step was computed from"]
    held: Annotated[bool, "whether a guard holds the step back"]
    hides: Annotated[bool, "whether a removal makes the repo private although the policy is to delete"]
    samples: Annotated[bool, "whether a card gets new samples, drawn from the published weights"]
    changes: Annotated[list[ChangeJson], "the differences that led to the step"]


class PlanJson(TypedDict):
    """A plan."""

    digest: Annotated[str, "names exactly these steps"]
    counts: Annotated[dict[str, int], "steps by action, actions without any left out"]
    steps: Annotated[list[StepJson], "in the order in which they are taken"]
    notes: Annotated[list[str], "sentences on the plan as a whole"]


class OutcomeJson(TypedDict):
    """The outcome of a step."""

    name: Annotated[str, "the model's name"]
    action: Annotated[str, "the step's action"]
    result: Annotated[Literal["done", "failed", "skipped", "deferred"], "how it ended"]
    reason: Annotated[str, "why, in a sentence for people"]
    commit: Annotated[str | None, "the commit that was published; null where none was"]
    seconds: Annotated[float, "wall time of the step"]
