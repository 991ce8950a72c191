"""`bot add` and `bot remove`: the registry's text with an entry more, or with a person gone for good."""

from __future__ import annotations

import re
from collections.abc import Sequence as Items
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.errors import UsageError
from bot.registry import hub_names
from bot.registry.advice import did_you_mean, nearest
from bot.registry.problems import to_data
from bot.registry.schema import MAX_HANDLES
from bot.registry.text_edit import UnknownLayoutError, append, delete, put
from bot.registry.tombstones import Tombstones, hashed, salt_for
from bot.registry.values import is_web_address
from bot.registry.yaml_text import Value
from bot.registry.yaml_tree import Mapping, Scalar, Sequence, parse, unprintable
from bot.sources import handles as known
from bot.sources.handles import SOURCES, Source, shown
from bot.sources.posts import Owner

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class _Listed:
    """A line of `models:` or `removed:`, as far as its handles can be read."""

    handles: tuple[str, ...]
    name: str | None
    line: int
    accounts: tuple[str, ...] = ()


def add(
    text: str,
    handles: Items[str],
    *,
    source: Source | None = None,
    consent: str | None = None,
    name: str | None = None,
    archive: str | Items[str] | None = None,
    jsonl: str | None = None,
    base: str | None = None,
    account: str | None = None,
    recipe: str | None = None,
    paused: bool = False,
) -> str:
    """The registry's text with one entry more, for one handle or several together; all else stays as it is.

    Without `source` the given file decides it, else the registry's default holds. `account` is the id of the only
    handle's account, where it is known. Raises UsageError for what is
    no handle, is listed already or was removed, and when the policy asks for a consent that is not given.
    """
    bom, text = _BOM * text.startswith(_BOM), text.removeprefix(_BOM)
    data = _read(text)
    defaults = _section(data, "defaults")
    usual: Source = defaults["source"] if defaults.get("source") in SOURCES else "x"
    source = source or ("archive" if archive else "jsonl" if jsonl else usual)
    new = _normalised(handles, source)
    if (archive or jsonl) and len(new) > 1:
        raise UsageError(
            "one file cannot hold several accounts: add them without, and import each with `bot import`"
        )
    gone = _gone(text)
    if both := gone.among(new):
        raise UsageError(
            f"{shown(both[0])} was removed (line {gone.line(both[0])}) and is never made again; "
            "take that line out only if the person asks for it"
        )
    made = name or known.repo_name(new)
    if why := hub_names.refusal(made):
        raise UsageError(f"the Hub would refuse the name {shown(made)}: {why}; give another with --name")
    for entry in _listed(text, "models"):
        if entry.name is not None and entry.name.lower() == made.lower():
            raise UsageError(f"{shown(made)} is already listed (line {entry.line}): change that entry")
    _check_consent(consent, data, defaults)
    item: dict[str, Value] = {"handles": new}
    optional: dict[str, Value | None] = {
        "name": name,
        "source": None if source == usual else source,
        "archive": archive,
        "jsonl": jsonl,
        "accounts": account,
        "base": base,
        "recipe": recipe,
        "consent": consent,
        "paused": paused or None,
    }
    item |= {key: value for key, value in optional.items() if value is not None}
    as_text = {key: "true" if value is True else value for key, value in item.items()}
    expected = _with(data, models=[*_list(data, "models"), as_text])
    return bom + _checked(lambda: append(text, "models", item), expected, "the entry", item)


def remove(
    text: str,
    handle: str,
    *,
    reason: str | None = None,
    on: date,
    private: bool = False,
    accounts: Items[str] = (),
) -> str:
    """The registry's text with a tombstone for the person and without any entry that holds the handle.

    A cyborg goes as a whole. The tombstone is written for a handle that no entry holds as well, and as a hash
    when it is `private`. `accounts` are the ids of the person's accounts, see `bot.sources.posts.owner`; ids that no
    tombstone holds yet are written for a person who is removed already, too. Raises UsageError for what is no
    handle, and when there is nothing left to remove.
    """
    bom, text = _BOM * text.startswith(_BOM), text.removeprefix(_BOM)
    data = _read(text)
    try:
        person = known.person(handle)
    except ValueError as error:
        raise UsageError(str(error)) from None
    known_gone = _gone(text)
    gone = known_gone.line(person)
    holding = [number for number, each in enumerate(_listed(text, "models")) if person in each.handles]
    listed = _list(data, "models")
    own = {account for number in holding for account in _accounts_of(listed[number], person)}
    new = [each for each in sorted({*accounts, *own}) if not known_gone.line_of(Owner(account=each))]
    if gone and not holding and not new:
        raise UsageError(f"{shown(person)} is removed already (line {gone})")
    salt = salt_for(known_gone.lines) if private else ""
    item: dict[str, Value] = {"handles": [hashed(person, salt) if private else person]}
    if new:
        item["accounts"] = [hashed(each, salt) if private else each for each in new]
    item["on"] = on.isoformat()
    if reason and (words := " ".join(reason.split())):
        if character := unprintable(words):
            raise UsageError(f"the reason holds a forbidden character ({character}): take it out")
        if private and re.search(rf"(?<!\w){re.escape(person)}(?!\w)", words, re.IGNORECASE):
            raise UsageError(
                "the reason names the person, whom a private tombstone hides: say it without the handle"
            )
        item["reason"] = words[:1000]
    kept = [each for number, each in enumerate(_list(data, "models")) if number not in holding]
    written = not gone or bool(new)
    expected = _with(data, removed=[*_list(data, "removed"), *([item] if written else [])])
    if holding:
        expected = _with(expected, models=kept)

    def edited() -> str:
        after = text
        for number in reversed(holding):
            after = delete(after, "models", number)
        return append(after, "removed", item) if written else after

    return bom + _checked(edited, expected, "the tombstone", item)


def set_store(text: str, url: str) -> str:
    """The registry's text with another store; all else stays as it is. Raises UsageError where that cannot be done."""
    bom, text = _BOM * text.startswith(_BOM), text.removeprefix(_BOM)
    data = _read(text)
    settings = isinstance(data.get("store"), dict)
    expected = _with(data, store={**data["store"], "url": url} if settings else url)
    path = ["store", "url"] if settings else ["store"]
    return bom + _checked(lambda: put(text, path, url), expected, "the line", {"store": url})


def _checked(edit: Any, expected: dict[str, Any], what: str, item: dict[str, Value]) -> str:
    """The edited text, proven to say what is expected of it; a file is never written on a guess."""
    try:
        text: str = edit()
        if _without_nulls(_read(text)) == _without_nulls(expected):
            return text
        why = "its layout is unusual"
    except UnknownLayoutError as error:
        why = str(error)
    raise UsageError(f"the registry cannot be edited ({why}); write {what} by hand: {item}")


def _without_nulls(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in (None, [])}


def _with(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**data, **changes}


def _read(text: str) -> dict[str, Any]:
    """The file as plain values. Raises UsageError when it is no mapping: such a file is not edited."""
    tree = parse(text)
    if tree.faults:
        first = tree.faults[0]
        raise UsageError(f"the registry cannot be edited: line {first.line}: {first.message}")
    if tree.root is None or (isinstance(tree.root, Scalar) and tree.root.is_null):
        return {}
    if not isinstance(tree.root, Mapping):
        raise UsageError("the registry cannot be edited: it is not a mapping; see `bot validate`")
    if tree.root.repeated:
        first_key, second = tree.root.repeated[0]
        raise UsageError(
            f"the registry cannot be edited: {second.text} stands twice, on lines {first_key.line} and {second.line}"
        )
    values: dict[str, Any] = to_data(tree.root, [])
    return values


def _accounts_of(entry: Any, person: str) -> Items[str]:
    """The ids that an entry gives of the person's account."""
    given = entry.get("accounts") if isinstance(entry, dict) else None
    if isinstance(given, str):
        return [given] if len(entry.get("handles") or ()) == 1 else []
    return (
        [each for key, each in given.items() if known.bare(key) == person] if isinstance(given, dict) else []
    )


def _section(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _list(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []


def _listed(text: str, key: str) -> list[_Listed]:
    """Every item under `models` or `removed`: what stands there, whether or not it is sound."""
    root = parse(text).root
    value = root.get(key) if isinstance(root, Mapping) else None
    found = []
    for item in value.items if isinstance(value, Sequence) else ():
        written = item.get("handles") if isinstance(item, Mapping) else None
        given = item.get("name") if isinstance(item, Mapping) else None
        scalars = written.items if isinstance(written, Sequence) else [written]
        handles = tuple(known.bare(each.text) for each in scalars if isinstance(each, Scalar))
        name = given.text if isinstance(given, Scalar) and not given.is_null else None
        ids = item.get("accounts") if isinstance(item, Mapping) else None
        accounts = ids.items if isinstance(ids, Sequence) else ()
        found.append(
            _Listed(
                handles,
                name or (known.repo_name(handles) if handles else None),
                item.line,
                tuple(each.text for each in accounts if isinstance(each, Scalar)),
            )
        )
    return found


def _gone(text: str) -> Tombstones:
    """Everybody who was removed, and on which line."""
    removed = _listed(text, "removed")
    return Tombstones(
        {handle: each.line for each in removed for handle in each.handles},
        {account: each.line for each in removed for account in each.accounts},
    )


def _normalised(handles: Items[str], source: Source) -> list[str]:
    if source not in SOURCES:
        close = nearest(source, SOURCES)
        raise UsageError(
            f"there is no source {shown(source)}{did_you_mean(close)}", instead=[close] if close else []
        )
    try:
        new = list(dict.fromkeys(known.normalise(each, source) for each in handles))
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not 1 <= len(new) <= MAX_HANDLES:
        raise UsageError(f"name 1 to {MAX_HANDLES} handles: {len(new)} were given")
    return new


def _check_consent(consent: str | None, data: dict[str, Any], defaults: dict[str, Any]) -> None:
    if consent is not None and consent != "self" and not is_web_address(consent):
        raise UsageError(
            f"consent {shown(consent)}: give self, or the https:// address where the person agreed"
        )
    required = (_section(data, "policy").get("consent") or "required") == "required"
    if required and consent is None and not defaults.get("consent"):
        raise UsageError(
            "the registry asks for consent: give --consent self if the account is yours, else --consent with "
            "the https:// address where its owner agreed"
        )
