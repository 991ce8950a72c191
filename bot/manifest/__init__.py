"""The manifest `bot.json`: exactly what was published, from what, by which code. It holds no post's text.

From it alone a card is rendered again; its `Published` part also stands in the card's front matter under
`mynah:`, so that one listing of a namespace gives the state of the whole fleet.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from bot.errors import NEWER
from bot.hub.published import FILENAME, VERSION, Published, Value
from bot.io.bounded import Bounds, Unreadable, fit, read_json
from bot.manifest.results import Copying as Copying
from bot.manifest.results import Evaluation as Evaluation
from bot.manifest.results import Sample as Sample
from bot.manifest.results import Score as Score
from bot.manifest.results import Voice as Voice
from bot.manifest.used_recipe import UsedRecipe
from bot.sources.posts import Network

BOUNDS = Bounds(4 << 20)
"""A manifest has some 20 KB, most of them its curve."""


class Account(Value):
    """One account and its funnel. `dropped` maps a reason to a count, in the order of the card's rows;
    `not_fetched` names reasons whose records were never asked for, so that their number is not known.

    `downloaded == sum(dropped.values()) + kept`, always. `first` and `last` date the posts kept.
    `avatar` is a path in the repo or None; `url` the account's public page or None. `parody` and `labels` are
    what the network itself says of the account: that it is a parody, and its moderators' words. `checked_at`: since
    then every post was seen at its source; None where nobody looked. `changed` counts kept posts that the selection
    changed: `stripped` of the mentions that they began with, `masked` handles.
    """

    handle: str
    name: str
    network: Network
    id: str | None = None
    url: str | None = None
    avatar: str | None = None
    downloaded: int
    dropped: dict[str, int]
    not_fetched: tuple[str, ...] = ()
    kept: int
    characters: int | None = None
    first: AwareDatetime | None = None
    last: AwareDatetime | None = None
    parody: bool = False
    labels: tuple[str, ...] = ()
    checked_at: AwareDatetime | None = None
    changed: dict[str, int] = Field(default_factory=dict)


class Base(Value):
    """The pre-trained model. `id` is its Hub id, None for a local folder; `declared` what a local base's own
    README names as its base_model; `revision` the commit resolved; `digest` that of a local folder's files.
    """

    name: str
    identity: str
    id: str | None = None
    declared: str | None = None
    revision: str | None = None
    digest: str | None = None
    license: str | None = None
    parameters: int | None = None
    context: int | None = None


class Training(Value):
    """The facts of a training: times in seconds, `tokens` the useful ones seen in all epochs.

    `best_epoch` is the one whose weights were kept, chosen on validation posts; `weights` says in which type
    they are published; `micro_batch_size` how many blocks were worked on at once, fewer than the recipe's
    `batch_size` where memory or posts did not suffice, None where it was not noted; `skipped_steps` how many of
    the steps overflowed in fp16 and changed nothing, None with other arithmetic. `other_seconds` went into scoring,
    writing and sampling, `characters` are those of an epoch, repeats included; both None where they were not noted.
    """

    posts: int
    tokens: int
    steps: int
    epochs: int
    best_epoch: int | None = None
    seconds: float
    hardware: str
    dtype: str
    weights: str = "fp32"
    micro_batch_size: int | None = None
    skipped_steps: int | None = None
    other_seconds: float | None = None
    characters: int | None = None
    versions: dict[str, str]


class Point(Value):
    """One point of the curve, in nats a token: `train` is the mean since the last point; step 0 is the base."""

    step: int
    epoch: float
    train: float | None
    held_out: float | None


class Tracking(Value):
    """The tracker of a run: `service` (wandb, trackio), and links where it went online.

    `run` is the random id that names it there, in `project`.
    `model_url` and `report_url` are known of adopted models alone.
    """

    service: str
    run: str | None = None
    project: str | None = None
    run_url: str | None = None
    data_url: str | None = None
    model_url: str | None = None
    report_url: str | None = None


class Provenance(Value):
    """The code that published this: the bot's version, commit and address, and the CI run's, each where it is known."""

    version: str
    commit: str | None = None
    home: str | None = None
    run_url: str | None = None


class Adopted(Value):
    """Where an adopted model came from: the older `system` that made it, and the `commit` whose card was read.

    `weights` are the names of the files with weights that stand there still, as that system left them. `dated`
    is False where only the repo's last change dates the model: then it was trained by then.
    """

    system: str
    commit: str
    dated: bool = True
    weights: tuple[str, ...] = ()


class Asked(Value):
    """The `value` that the registry asked of a hyperparameter that was used otherwise, and the `reason` in words."""

    value: Any
    reason: str


class Manifest(Value):
    """All that a card needs and a plan compares. Dates are UTC; `warnings` are sentences for the card.

    `adopted` says that an older system made the model: then `training` and `evaluation` are None, for what was
    not measured is not there, and so are the characters, and of the base what was not recorded.

    `prefixes` are the lines by which a prompt asks for one voice of several, by handle. `recipe` is the one that was
    used; `asked` says where the registry asked for something else, by the hyperparameter's name. `selection` says which
    posts were used, and is empty for models of versions without a choice. The digest in `published` is that of what was
    asked, which is what a plan compares.

    `body` is the SHA-256 of the card's text below its front matter, `files` those of every other file, and
    `blobs` the git blob ids of the small ones, which a Hub lists: what differs from them on the
    Hub, a human changed, and what neither names is not ours. `hub` is the address of the Hub it was made for.
    """

    version: Literal[1] = 1
    name: str
    repo: str
    source: str
    handles: tuple[str, ...]
    accounts: tuple[Account, ...]
    languages: dict[str, int]
    sensitive_share: float = 0.0
    characters: int | None = None
    consent: str | None
    contact: str
    removal_within: str | None = Field(None, pattern=r"^[0-9]{1,4}[hdw]$")
    license: str | None
    license_name: str | None = None
    license_link: str | None = None
    tags: tuple[str, ...] = ()
    sensitive: bool = False
    prompts: tuple[str, ...]
    base: Base
    recipe: UsedRecipe
    selection: dict[str, Any] = Field(default_factory=dict)
    asked: dict[str, Asked] = Field(default_factory=dict)
    training: Training | None = None
    evaluation: Evaluation | None = None
    adopted: Adopted | None = None
    copying: Copying | None = None
    tracking: Tracking | None = None
    curve: tuple[Point, ...]
    samples: tuple[Sample, ...]
    generation: dict[str, Any]
    prefixes: dict[str, str] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    published: Published
    provenance: Provenance
    body: str | None = None
    files: dict[str, str] = Field(default_factory=dict)
    blobs: dict[str, str] = Field(default_factory=dict)
    hub: str = Field("https://huggingface.co", pattern=r"^https?://[^\s\"'<>()\\]+$", max_length=300)

    @property
    def checked_at(self) -> datetime | None:
        """Since when every post of every account was seen at its source; None where that is not known of one."""
        times = [account.checked_at for account in self.accounts if account.checked_at is not None]
        return min(times) if times and len(times) == len(self.accounts) else None

    def to_json(self) -> bytes:
        """The bytes of `bot.json`: stable for equal values, one key a line, a newline at the end."""
        return (self.model_dump_json(indent=1) + "\n").encode()


def parse(data: bytes) -> Manifest:
    """Reads `bot.json`. Raises ValueError with one clear sentence when it is damaged or from the future."""
    try:
        value = read_json(data, BOUNDS, "the file")
        if _is_newer(value, 1) or (isinstance(value, dict) and _is_newer(value.get("published"), VERSION)):
            raise ValueError(f"{FILENAME} {NEWER}")
        return fit(Manifest, value, "the file")
    except Unreadable as error:
        raise ValueError(f"{FILENAME} is not a manifest this bot can read: {error}") from None


def _is_newer(value: object, known: int) -> bool:
    version = value.get("version") if isinstance(value, dict) else None
    return isinstance(version, int) and version > known


def utc(moment: datetime) -> datetime:
    """The moment in UTC, to the second: what manifests hold."""
    return moment.astimezone(UTC).replace(microsecond=0)
