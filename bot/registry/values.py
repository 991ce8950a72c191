"""The types of single values in registry.yaml: each checks a text and says how to fix it."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from bot.errors import WrongValue
from bot.registry import hub_names
from bot.registry.advice import did_you_mean, nearest
from bot.registry.compatibility import FORMAT, MAX_SPECIFIER, check_specifier
from bot.registry.licenses import LICENSES
from bot.registry.recipe import NAMED, Recipe
from bot.registry.yaml_text import scalar

MAX_ADDRESS = 2048
"""Characters in a web or mail address: longer ones are nobody's."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Hosts that a token may be sent to without https: this machine."""

_DURATION = re.compile(r"(\d{1,5})([hdw])", re.ASCII)
_MAIL = re.compile(r"mailto:[^@\s<>]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}


def duration(text: str) -> datetime.timedelta:
    """`12h`, `90d` or `2w` as a span of time. Raises ValueError with the fix for anything else."""
    found = _DURATION.fullmatch(text)
    if found is None:
        examples = ("12h", "90d", "2w")
        raise WrongValue(f"write a whole number with h, d or w: {', '.join(examples)}", instead=examples)
    return datetime.timedelta(hours=int(found[1]) * _HOURS[found[2]])


def _duration(text: str) -> str:
    duration(text)
    return text


def is_web_address(text: str) -> bool:
    """Whether this is an https URL with a host, in ASCII and without white space or a user's name."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    plain = re.fullmatch(r"[!-~]+", text) is not None and not re.search(r"[<>\"`\\^{}|]", text)
    return plain and parts.scheme == "https" and "." in host.strip(".") and "@" not in parts.netloc


def _web_address(text: str) -> str:
    if not is_web_address(text):
        raise ValueError("write an https:// address")
    return text


def _contact(text: str) -> str:
    if is_web_address(text) or _MAIL.fullmatch(text):
        return text
    mail = f"mailto:{text}"
    close = mail if _MAIL.fullmatch(mail) else None
    raise WrongValue(
        "write an https:// address or mailto: with an address, where people can ask for removal"
        f"{did_you_mean(close)}",
        instead=[close] if close else [],
    )


def _hub(text: str) -> str:
    if text.startswith("dir:") and text.removeprefix("dir:").strip():
        return text
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if "@" in parts.netloc:
        raise ValueError("an address with a name and a password is no secret here: set BOT_HUB to it instead")
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not (safe and host) or not re.fullmatch(r"[!-~]+", text) or parts.query or parts.fragment:
        close = closest_hub(text)
        raise WrongValue(
            f"write dir:PATH for a folder, or the https:// address of a Hub{did_you_mean(close)}",
            instead=[scalar(close)] if close else [],
        )
    return text


def closest_hub(text: str) -> str | None:
    """The target of a hub that a text without `dir:` or `https://` probably means: a folder, or a host's name."""
    if "://" in text or not text.strip():
        return None
    if text.startswith(("./", "../", "/", "~")) or not re.fullmatch(
        r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?", text
    ):
        return f"dir:{text}"
    return f"https://{text}"


def _consent(text: str) -> str:
    if text == "self" or is_web_address(text):
        return text
    close = "self" if text.lower() in ("self", "me", "mine") else None
    raise WrongValue(
        f"write self if the account is yours, else the https:// address where its owner agreed{did_you_mean(close)}",
        instead=[close] if close else [],
    )


def _repo_name(text: str) -> str:
    if why := hub_names.refusal(text):
        close = re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-.")[: hub_names.MAX_LENGTH].strip("-.")
        good = bool(close) and not hub_names.refusal(close)
        raise WrongValue(
            f"the Hub would refuse it: {why}{did_you_mean(close if good else None)}",
            instead=[close] if good else [],
        )
    return text


def _license(text: str) -> str:
    if text not in LICENSES:
        close = nearest(text, LICENSES)
        raise WrongValue(
            f"the Hub does not know it{did_you_mean(close)}; write other, with license_name: and license_link:, for "
            "your own",
            instead=[close] if close else [],
        )
    return text


def _tag(text: str) -> str:
    if not hub_names.is_tag(text):
        close = re.sub(r"[^A-Za-z0-9._:+]+", "-", text).strip("-._:+")
        good = hub_names.is_tag(close)
        raise WrongValue(
            "a tag is one word of letters, digits and . _ : + -, at most 64 characters"
            f"{did_you_mean(close if good else None)}",
            instead=[close] if good else [],
        )
    return text


def _recipe(value: Any) -> Any:
    """A name becomes the recipe with every value set, so that it replaces what the defaults say."""
    if not isinstance(value, str):
        return value
    if value not in NAMED:
        close = nearest(value, NAMED)
        raise WrongValue(
            f"there is no recipe of that name{did_you_mean(close)}; or give values: {{epochs: 2}}",
            instead=[*([close] if close else []), "{epochs: 2}"],
        )
    return dict(NAMED[value])


def _account_id(text: str) -> str:
    if not re.fullmatch(r"[!-~]{1,320}", text):
        raise ValueError(
            "an account's id is one word, as its network writes it: '4242', did:plc:..., 4242@host"
        )
    return text


def _template(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", text, re.ASCII):
        close = text.rsplit("/", 1)[-1].removesuffix(".j2").removesuffix(".md")
        good = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", close, re.ASCII) is not None
        raise WrongValue(
            "write the name alone, model_card for templates/model_card.md.j2: letters, digits, _ and -"
            f"{did_you_mean(close if good else None)}",
            instead=[close] if good else [],
        )
    return text


def _date(text: Any) -> Any:
    if isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            pass
    raise WrongValue("write a day as YEAR-MONTH-DAY: 2026-11-20", instead=["2026-11-20"])


def _files(value: Any) -> Any:
    return {"": value} if isinstance(value, str | list) else value


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _version(value: Any) -> Any:
    return FORMAT if value == str(FORMAT) else value


@dataclass(frozen=True, slots=True, eq=False)
class Or:
    """Says in the JSON Schema that a shorter form is accepted as well; a validator before makes it the long one."""

    short: dict[str, Any]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [self.short, handler(core_schema)]}


def is_path(text: str) -> bool:
    """Whether a base is a folder by its looks alone: it begins with `./`, `../`, `/` or `~`."""
    return text.startswith(("./", "../", "/", "~")) or text in (".", "..")


# YAML 1.2 reads an unquoted 007 or null as no string: an editor must not mark what the bot accepts.
_WORD_SCHEMA = {"type": ["string", "number", "boolean", "null"]}

Word = Annotated[str, WithJsonSchema(_WORD_SCHEMA)]
AccountId = Annotated[str, AfterValidator(_account_id), WithJsonSchema(_WORD_SCHEMA)]
Duration = Annotated[
    str, AfterValidator(_duration), WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,5}[hdw]$"})
]
HttpsAddress = Annotated[
    str,
    Field(max_length=MAX_ADDRESS, json_schema_extra={"pattern": "^https://"}),
    AfterValidator(_web_address),
]
HubTarget = Annotated[str, Field(max_length=MAX_ADDRESS), AfterValidator(_hub)]
Requirement = Annotated[str, Field(max_length=MAX_SPECIFIER), AfterValidator(check_specifier)]
Location = Annotated[str, Field(min_length=1, max_length=4096)]
RepoName = Annotated[str, AfterValidator(_repo_name), WithJsonSchema(_WORD_SCHEMA)]
TemplateName = Annotated[
    str,
    AfterValidator(_template),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"}),
]
Locations = Annotated[
    tuple[Location, ...],
    Field(min_length=1, max_length=100),
    BeforeValidator(_several),
    Or({"type": "string"}),
]
Files = Annotated[
    dict[str, Locations],
    BeforeValidator(_files),
    Or({"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1}),
]
"""Where each handle's files are. What is no mapping stands under the key `""`: the files of the only handle."""

Accounts = Annotated[dict[str, AccountId], BeforeValidator(_files), Or({"type": ["string", "number"]})]
"""The id of each handle's account. A single one stands under the key `""`."""

RecipeValues = Annotated[Recipe, BeforeValidator(_recipe), Or({"enum": list(NAMED)})]
"""The values in which a recipe differs from the default, or all of a named one; see `model_fields_set`."""

Consent = Annotated[str, Field(max_length=MAX_ADDRESS), AfterValidator(_consent)]
Contact = Annotated[str, Field(max_length=MAX_ADDRESS), AfterValidator(_contact)]
Prompt = Annotated[str, Field(min_length=1, max_length=500), WithJsonSchema(_WORD_SCHEMA)]
License = Annotated[str, AfterValidator(_license), WithJsonSchema({"enum": sorted(LICENSES)})]
Tag = Annotated[str, AfterValidator(_tag), WithJsonSchema(_WORD_SCHEMA)]
Apps = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=100), WithJsonSchema(_WORD_SCHEMA)], ...],
    Field(max_length=50),
    BeforeValidator(_several),
    Or({"type": "string"}),
]
"""Names of apps."""

Date = Annotated[datetime.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Version = Annotated[Literal[1], BeforeValidator(_version)]
