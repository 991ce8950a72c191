"""The shape of every `--json` output, by command. docs/json.md is made of these types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from bot.plan.json_types import OutcomeJson, PlanJson, StepJson


class PlanOutput(PlanJson):
    """What would happen."""

    shards: NotRequired[Annotated[list[str], "with --shards: the names I/N of the parts of the work"]]


class SpentJson(TypedDict):
    """What reading posts cost."""

    reads: Annotated[int, "paid reads of posts and profiles"]
    usd: Annotated[float, "their price in US dollars"]


class ApplyOutput(TypedDict):
    """What happened."""

    outcomes: Annotated[list[OutcomeJson], "one for each step that is not up to date; none with --dry-run"]
    spent: NotRequired[Annotated[SpentJson, "the real cost of the run; not with --dry-run"]]
    plan: NotRequired[Annotated[PlanJson, "with --dry-run alone: what would have been done"]]


class StatusOutput(TypedDict):
    """The fleet as it is."""

    counts: Annotated[dict[str, int], "models by action, actions without any left out"]
    models: Annotated[list[StepJson], "every model of the registry and of the namespace"]


class InfoJson(TypedDict):
    """Facts of an account that are no count of posts."""

    network: Annotated[str, "x, bluesky, mastodon or other"]
    characters: Annotated[int, "characters of clean text that are kept"]
    not_fetched: Annotated[list[str], "reasons for dropping whose posts were never asked for"]
    first: Annotated[str | None, "when the oldest post that is kept was written, ISO 8601"]
    last: Annotated[str | None, "when the newest post that is kept was written, ISO 8601"]
    stripped: Annotated[int, "posts kept without the mentions that they began with"]
    masked: Annotated[int, "posts kept with @user in the place of handles"]
    repeats: Annotated[
        float, "how often its posts stand in an epoch, so that voices are balanced; 1 for the largest"
    ]
    choices: Annotated[
        dict[str, Any], "posts that each choice would change, such as replies: strip; posts by app and year"
    ]


class AccountJson(TypedDict):
    """One account's funnel: `downloaded` is the sum of the counts below it.

    Between `downloaded` and `kept` stands one more field for each reason for dropping: `retweets` and `short` always,
    others (`edited`, `duplicates`, `private_data` …) where they occurred. Each is an integer, or null where such
    posts were never asked for.
    """

    handle: Annotated[str, "as the registry has it"]
    downloaded: Annotated[int, "posts in the store"]
    retweets: Annotated[int | None, "posts of others that were shared"]
    short: Annotated[int | None, "posts with fewer than three words of their own"]
    kept: Annotated[int, "posts to train on"]
    info: Annotated[InfoJson, "further facts"]


class CorpusOutput(TypedDict):
    """What there is to train on."""

    accounts: Annotated[list[AccountJson], "in the entry's order"]
    characters: Annotated[int, "characters of clean text of all accounts"]
    tokens: Annotated[int | None, "the same in tokens of the base; null while its tokenizer is not at hand"]
    share_of_english: Annotated[
        float | None,
        "bytes in a token of the base, as a share of those in English; below 0.5 it hardly knows the language",
    ]
    languages: Annotated[dict[str, int], "posts by ISO 639 code, the most frequent first"]
    enough: Annotated[bool, "whether a model can be trained on it"]
    warnings: Annotated[list[str], "sentences for the card"]


class FindingJson(TypedDict):
    """One thing that was checked."""

    what: Annotated[str, "what was checked"]
    state: Annotated[Literal["ok", "warning", "missing"], "its state"]
    text: Annotated[str, "what was found, and what to do"]


class DoctorOutput(TypedDict):
    """What is missing."""

    findings: Annotated[list[FindingJson], "in the order of the checks"]


class OldAccountJson(TypedDict):
    """One account as an older card's table has it."""

    handle: Annotated[str, "without @"]
    name: Annotated[str, "as the card shows it"]
    avatar: Annotated[str | None, "the picture's address"]
    downloaded: Annotated[int, "posts downloaded"]
    retweets: Annotated[int, "of them retweets"]
    short: Annotated[int, "of them too short"]
    kept: Annotated[int, "of them trained on"]


class AdoptionJson(TypedDict):
    """What was understood of one older model. Fields that need its card are absent where that was not understood."""

    name: Annotated[str, "the model's name"]
    result: Annotated[
        Literal["understood", "written", "refused", "failed"],
        "how it ended; understood: --write would write it",
    ]
    reason: Annotated[str, "why, in a sentence for people"]
    commit: Annotated[str | None, "the commit that was published; null where none was"]
    listed: Annotated[bool, "whether the registry has an entry of this name"]
    notes: Annotated[list[str], "what is worth knowing, and stops nothing"]
    faults: Annotated[list[str], "what stops it"]
    generation: NotRequired[Annotated[str, "which form of card it is"]]
    handles: NotRequired[Annotated[list[str], "the accounts imitated"]]
    accounts: NotRequired[Annotated[list[OldAccountJson], "the columns of the card's table"]]
    base: NotRequired[Annotated[str | None, "the base that the card names"]]
    trained_at: NotRequired[Annotated[str | None, "ISO 8601"]]
    weights: NotRequired[Annotated[list[str], "names of the files with weights, which stay"]]
    run_url: NotRequired[Annotated[str | None, "the tracked run"]]
    data_url: NotRequired[Annotated[str | None, "the tracked data"]]
    model_url: NotRequired[Annotated[str | None, "the tracked model"]]
    report_url: NotRequired[Annotated[str | None, "the tracker's report"]]
    metadata: NotRequired[Annotated[dict[str, Any], "keys of the card's front matter that are kept"]]


class AdoptOutput(TypedDict):
    """What was understood of older models."""

    adoptions: Annotated[list[AdoptionJson], "one for each NAME"]


class SiteOutput(TypedDict):
    """What the page is made of."""

    models: Annotated[int, "models on the page"]
    read: Annotated[int, "manifests that were read in this run"]
    kept: Annotated[int, "models unchanged since the last page"]
    unread: Annotated[dict[str, str], "models that stand there without numbers, and why"]
    changed: Annotated[list[str], "files written"]
    page: Annotated[str, "the page's path"]


class OwnerJson(TypedDict):
    """Whose a file is, as far as it says; both null where it names nobody."""

    handle: Annotated[str | None, "the account's handle"]
    account: Annotated[str | None, "the account's id"]


_ImportLine = TypedDict("_ImportLine", {"import": NotRequired[Annotated[str, "the line that imports it"]]})


class InspectedJson(_ImportLine):
    """One file, or several that belong together. Of what cannot be read, `files` and `error` alone."""

    files: Annotated[list[str], "the paths, as they were given"]
    error: NotRequired[Annotated[str, "why it cannot be read, and what to do"]]
    kind: NotRequired[Annotated[str, "the kind of file, as one word"]]
    title: NotRequired[Annotated[str, "the kind, for a person"]]
    form: NotRequired[Annotated[str, "which generation or part of that kind it is"]]
    source: NotRequired[Annotated[str, "the source that reads it: archive or jsonl"]]
    network: NotRequired[Annotated[str, "x, bluesky, mastodon or other"]]
    owner: NotRequired[Annotated[OwnerJson, "whose the file is"]]
    posts: NotRequired[Annotated[int, "posts that would be read"]]
    retweets: NotRequired[Annotated[int, "how many of them are posts of others that were shared"]]
    first: NotRequired[Annotated[str | None, "when the oldest was written, ISO 8601"]]
    last: NotRequired[Annotated[str | None, "when the newest was written, ISO 8601"]]
    whole: NotRequired[Annotated[bool | None, "true where it shows that nothing is missing, else null"]]
    reads: NotRequired[Annotated[list[str], "what is read of such files"]]
    never: NotRequired[Annotated[list[str], "what is never read of them"]]
    media: NotRequired[Annotated[list[int], "pictures and films in it: their number and bytes"]]
    corpus: NotRequired[Annotated[dict[str, Any], "the corpus that it would make, as bot corpus shows it"]]


class InspectOutput(TypedDict):
    """What files are."""

    files: Annotated[list[InspectedJson], "one for each FILE, or one for all that are of one archive"]


class SayOutput(TypedDict):
    """What a model wrote."""

    name: Annotated[str, "the model, as it was given"]
    prompt: Annotated[str, "what the texts begin with; empty for none"]
    seed: Annotated[int, "from which the same texts are drawn again"]
    texts: Annotated[list[str], "whole texts, with the prompt"]
    settings: Annotated[dict[str, Any], "the model's own settings of sampling"]


OUTPUTS: Mapping[str, type[Any]] = {
    "plan": PlanOutput,
    "apply": ApplyOutput,
    "status": StatusOutput,
    "corpus": CorpusOutput,
    "doctor": DoctorOutput,
    "adopt": AdoptOutput,
    "site": SiteOutput,
    "inspect": InspectOutput,
    "say": SayOutput,
}
"""The type of what each command with `--json` prints."""
