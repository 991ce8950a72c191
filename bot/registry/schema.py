"""The format of registry.yaml: pydantic types that check it and from which the JSON Schema is made.

Every scalar arrives as text. What needs several keys, several entries or the disk is checked elsewhere.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bot.errors import UsageError
from bot.registry.recipe import Recipe
from bot.registry.sampling import DEFAULT, SamplingValues
from bot.registry.selection import Selection
from bot.registry.values import (
    AccountId,
    Accounts,
    Consent,
    Contact,
    Date,
    Duration,
    Files,
    HttpsAddress,
    HubTarget,
    License,
    Location,
    Or,
    Prompt,
    RecipeValues,
    RepoName,
    Requirement,
    Tag,
    TemplateName,
    Version,
    Word,
    duration,
)
from bot.sources.handles import Source

MAX_HANDLES = 10
"""Handles in one entry: more voices than this are no voice."""


class _Keys(BaseModel):
    # Validators are built when first needed: those that only the JSON Schema needs would slow every start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Preferences(Selection):
    """How models are made when their entries do not say otherwise: any key that is not one entry's alone."""

    source: Source = Field("x", description="where the posts come from")
    consent: Consent | None = Field(
        None,
        description="self, or the https address where the person imitated agreed",
        examples=["https://example.org/agreed"],
    )
    base: Location = Field(
        "openai-community/gpt2",
        description="the pre-trained model: a Hub id, with @revision or without, a folder, or a GGUF file",
    )
    recipe: RecipeValues = Field(
        Recipe(),
        description="a recipe's name, or values that replace its defaults",
        examples=[{"epochs": 2, "learning_rate": 0.0003}],
    )
    prompts: tuple[Prompt, ...] = Field(
        ("My dream is",),
        description="beginnings that the model completes for the card",
        min_length=1,
        max_length=10,
    )
    sampling: SamplingValues = Field(
        DEFAULT,
        description="how samples are drawn: settings by name, or values that replace the defaults",
        examples=[{"temperature": 0.7}],
    )
    max_age: Duration = Field("90d", description="retrain when older: 12h, 90d, 2w")
    min_new_posts: int = Field(
        100, ge=0, le=10**9, description="and when at least so many new posts are there"
    )
    template: TemplateName = Field("model_card", description="the card's template: templates/NAME.md.j2")
    license: License | None = Field(
        None,
        description="the card's license, as the Hub names it; without: what the base declares",
        examples=["cc-by-4.0"],
    )
    license_name: str | None = Field(
        None, description="with license: other, its name", max_length=100, examples=["house rules"]
    )
    license_link: HttpsAddress | None = Field(
        None, description="with license: other, where it is", examples=["https://example.org/license"]
    )
    tags: tuple[Tag, ...] = Field(
        (), description="further tags on the card", max_length=50, examples=[["poetry"]]
    )
    sensitive: bool = Field(False, description="mark the model as not for all audiences")
    tracking: Literal["none", "wandb", "trackio"] = Field(
        "none", description="where training is tracked as well"
    )
    communities: bool = Field(
        False, description="source archive: read public posts in X's communities as well"
    )
    paused: bool = Field(False, description="leave the model as it is for now")


class EntryFile(Preferences):
    """One model: whose posts, from where, trained how and when."""

    handles: tuple[Word, ...] = Field(
        description="whose posts to train on; several handles make one model of several voices",
        json_schema_extra={"minItems": 1, "maxItems": MAX_HANDLES},
        examples=[["ada_example", "bob_example"]],
    )
    name: RepoName | None = Field(
        None,
        description="the repo's name, where the one made of the handles will not do",
        examples=["two-voices"],
    )
    archive: Files | None = Field(
        None,
        description="source archive: the file or folder, or all files of one archive, as paths or fsspec URLs; for "
        "several handles by handle",
        examples=["/private/my.zip"],
    )
    jsonl: Files | None = Field(
        None,
        description="source jsonl: the file, a path or fsspec URL; for several handles by handle",
        examples=[{"ada_example": "posts/ada.jsonl"}],
    )
    accounts: Accounts = Field(
        {},
        description="the id of each handle's account, which stays when the account is renamed; for Mastodon id@host",
        max_length=MAX_HANDLES,
    )


def _place(url: str) -> str:
    """A store's URL, checked: an error with the sentence, which shows no credentials, where no store can be."""
    if "://" in url or "::" in url:
        from bot.store.places import place_of  # what it brings along is slow to start

        try:
            place_of(url)
        except UsageError as error:
            raise PydanticCustomError("place", "{why}", {"why": str(error)}) from None
    return url


StoreUrl = Annotated[Location, AfterValidator(_place)]


def _store(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


class StoreFile(_Keys):
    """Where fetched posts are kept, and how long after their entry is gone."""

    url: StoreUrl = Field(
        "file://.bot/store",
        description="a folder, hf://buckets/NAMESPACE/NAME or s3://BUCKET/PATH; a relative path starts at this file",
        examples=["hf://buckets/my-org/posts"],
    )
    keep: Duration = Field("30d", description="how long posts outlive their entry")


class Policy(_Keys):
    """What the fleet promises to the people it imitates."""

    consent: Literal["required", "recorded", "off"] = Field(
        "required", description="required: on every entry; recorded: said on the card; off: nothing is said"
    )
    removal: Literal["private", "delete"] = Field(
        "private",
        description="what becomes of a removed person's model; delete where others than its owners are imitated",
    )
    removal_within: Duration | None = Field(
        None,
        description="the time within which a request for removal is carried out, which cards promise: 7d",
        examples=["7d"],
    )
    max_copying: Annotated[float, Field(ge=0, le=1)] = Field(
        0.05, description="largest share of samples that are whole training posts"
    )


class TombstoneFile(_Keys):
    """A person who is never imitated again: alone, among others, under any name."""

    handles: tuple[Word, ...] = Field(
        description="the person's handles, or hashes of them as bot remove --private writes",
        json_schema_extra={"minItems": 1},
        examples=[["dave_example"]],
    )
    accounts: tuple[AccountId, ...] = Field(
        (),
        description="the ids of the person's accounts, which stay when an account is renamed, or hashes of them; "
        "for Mastodon id@host",
        max_length=100,
        examples=[["4242", "did:plc:abc"]],
    )
    on: Date | None = Field(None, description="the day of the removal", examples=["2026-11-20"])
    reason: str | None = Field(
        None, description="why, in public words", max_length=1000, examples=["they asked for it"]
    )


class XSettings(_Keys):
    """What must be agreed and paid before posts are read from X."""

    terms_acknowledged: bool = Field(
        False, description="X's terms were read and the use is yours to answer for"
    )
    monthly_reads: Annotated[int, Field(ge=0, le=10**12)] | None = Field(
        None, description="posts and users read a month, at most", examples=[20000]
    )
    fetch_retweets: bool = Field(
        True, description="read retweets, too, which cost as much; without them cards say: not fetched"
    )
    look_up_every: Duration = Field(
        "30d",
        description="before a training, pay to look which stored posts were deleted, when the last look is older",
    )
    skip_deletion_checks: bool = Field(
        False,
        description="never look, and train on what people deleted; X's policy demands the check, cards say so",
    )

    @property
    def look_up_age(self) -> timedelta | None:
        """The age of the last look for deleted posts from which on it is done again; None for never."""
        return None if self.skip_deletion_checks else duration(self.look_up_every)


class Rules(_Keys):
    """All of the file but its entries, which are read one by one."""

    version: Version = Field(1, description="the version of this file's format")
    requires: Requirement | None = Field(
        None,
        description="versions of the bot that may read this file; any other ends with exit 2 and writes nothing",
        examples=[">=0.2,<0.4"],
    )
    namespace: RepoName | None = Field(
        None,
        description="user or organisation on the Hub; without it nothing is published",
        examples=["my-org"],
    )
    hub: HubTarget | None = Field(
        None,
        description="where repos live: dir:PATH for a folder, or a Hub's https address; --hub and BOT_HUB go before "
        "it, and without any it is HF_ENDPOINT, else the Hugging Face Hub",
        examples=["dir:hub"],
    )
    contact: Contact | None = Field(
        None,
        description="https or mailto address on every card, where people ask for removal",
        examples=["https://example.org/removal"],
    )
    store: Annotated[StoreFile, BeforeValidator(_store), Or({"type": "string"})] = Field(
        StoreFile.model_construct(), description="where fetched posts are kept"
    )
    policy: Policy = Field(Policy.model_construct(), description="consent, removal, copying")
    defaults: Preferences = Field(
        Preferences.model_construct(), description="any key of an entry, for all that do not give it"
    )
    removed: tuple[TombstoneFile, ...] = Field(
        (), description="tombstones: people who are never imitated again"
    )
    x: XSettings = Field(XSettings.model_construct(), description="source x")


class RegistryFile(Rules):
    """The models this fleet should have, and under which rules."""

    models: tuple[EntryFile, ...] = Field((), description="the fleet, one entry a model")


def schema() -> dict[str, Any]:
    """The JSON Schema of registry.yaml, made from the types that read it; editors complete and check by it."""
    made = RegistryFile.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Mynah registry"}
