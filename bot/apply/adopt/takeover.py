"""An older card's facts as a manifest: what it states is kept, what was not measured is left out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.apply.adopt.old_card import SYSTEM, OldAccount, OldCard
from bot.hub import Blob, base_model
from bot.hub.published import FRONT_MATTER_KEY, Published
from bot.manifest import Account, Adopted, Base, Manifest, Tracking, provenance, utc
from bot.manifest.used_recipe import UsedRecipe
from bot.plan.desired import template_folders
from bot.registry import Entry, Registry, asked, read_text
from bot.registry.card_settings import card_settings
from bot.render import card, publication

PROMPT = "My dream is"
"""What the older system asked every model."""
WEIGHTS = (".safetensors", ".bin", ".h5", ".msgpack", ".ot")
SYSTEM_FILES = frozenset(
    {
        "config.json",
        "generation_config.json",
        "merges.txt",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "training_args.bin",
        "vocab.json",
    }
)
"""What the older system put beside weights and card: taken over with them, so a later training may replace it."""
_REPLACED = ("thumbnail", "model-index", FRONT_MATTER_KEY)


def default_entry(registry: Registry, name: str, handles: Sequence[str]) -> Entry:
    """What an entry of these handles would be where the registry lists none: its model as the older system made it."""
    written = {
        "version": 1,
        "policy": {"consent": "off"},
        "models": [{"handles": list(handles), "name": name, "source": "x", "recipe": "classic"}],
    }
    (entry,) = read_text(json.dumps(written).encode(), registry.path).entries
    return entry


def manifest_of(
    old: OldCard,
    *,
    entry: Entry,
    registry: Registry,
    repo: str,
    commit: str,
    weights: Sequence[str],
    config: Mapping[str, Any],
    trained_at: datetime,
) -> Manifest:
    """The manifest of a model that is taken over from `commit`, its accounts in the entry's order.

    `config` is what config.json says. The recipe that a plan compares is the entry's own: taking a model over is
    no reason to train it again; a later change of the entry is one.
    """
    accounts = {account.handle: account for account in old.accounts}
    settings = card_settings(registry, entry)
    base_facts = _base(old.base, config)
    return Manifest(
        name=entry.name,
        repo=repo,
        source="x",
        accounts=tuple(_account(accounts[handle]) for handle in entry.handles),
        languages={},
        **settings.manifest_fields(),
        prompts=(PROMPT,),
        base=base_facts,
        recipe=UsedRecipe(),
        adopted=Adopted(system=SYSTEM, commit=commit, dated=old.made_at is not None, weights=tuple(weights)),
        tracking=_tracking(old),
        curve=(),
        samples=(),
        generation={},
        published=Published(
            handles=entry.handles,
            **asked.published_fields(entry),
            base=base_facts.identity,
            template=card.template_digest(entry.template, template_folders(registry)),
            **settings.published_fields(),
            trained_at=utc(trained_at),
        ),
        provenance=provenance.from_environment(os.environ),
    )


def kept_metadata(old: OldCard) -> dict[str, Any]:
    """The front matter that stays: all of it but what the new card says better, or an example without an answer."""
    return {
        key: value
        for key, value in old.metadata.items()
        if key not in _REPLACED and not (key == "widget" and value == [{"text": PROMPT}])
    }


def is_weights(path: str) -> bool:
    """Whether a file of the repo holds weights, by its name."""
    return "/" not in path and path.endswith(WEIGHTS) and path != "training_args.bin"


def digests(there: Mapping[str, Blob]) -> tuple[dict[str, str], dict[str, str]]:
    """SHA-256s and git blob ids, by path, of the files that the older system made; what others added is left out."""
    old = {path: blob for path, blob in there.items() if path in SYSTEM_FILES or is_weights(path)}
    return (
        {path: blob.sha256 for path, blob in old.items() if blob.sha256 is not None},
        {path: blob.git for path, blob in old.items() if blob.git is not None},
    )


def base_mismatch(old: OldCard, entry: Entry) -> str | None:
    """A sentence when the entry asks for another base than the card names: the next plan would train it again."""
    wanted = base_model.parse(entry.base).identity
    if old.base is None or wanted == old.base:
        return None
    return f"the entry's base is {wanted} and the card's is {old.base}: the next plan trains it again"


def _account(old: OldAccount) -> Account:
    return Account(
        handle=old.handle,
        name=old.name,
        network="x",
        url=f"https://x.com/{old.handle}",
        avatar=publication.avatar_path(old.handle),
        downloaded=old.counts.downloaded,
        dropped={"retweets": old.counts.retweets, "short": old.counts.short},
        kept=old.counts.kept,
    )


def _base(name: str | None, config: Mapping[str, Any]) -> Base:
    """What the card names, else what config.json alone shows: an unnamed base."""
    known = name or str(config.get("_name_or_path") or config.get("model_type") or "unknown")
    context = config.get("n_positions") or config.get("n_ctx")
    return Base(
        name=known,
        identity=known,
        id=name,
        parameters=_parameters(config),
        context=context if isinstance(context, int) else None,
    )


def _parameters(config: Mapping[str, Any]) -> int | None:
    """Weights of a GPT-2 of this shape: embeddings, then for each layer attention, MLP and two norms, and the last."""
    shape = [config.get(key) for key in ("vocab_size", "n_positions", "n_embd", "n_layer")]
    if config.get("model_type") != "gpt2" or not all(isinstance(size, int) for size in shape):
        return None
    words, positions, width, layers = (int(size) for size in shape if isinstance(size, int))
    inner = config.get("n_inner") if isinstance(config.get("n_inner"), int) else 4 * width
    attention = 3 * width * width + 3 * width + width * width + width
    mlp = 2 * width * int(inner or 0) + int(inner or 0) + width
    return (words + positions) * width + layers * (attention + mlp + 4 * width) + 2 * width


def _tracking(old: OldCard) -> Tracking | None:
    links = (old.run_url, old.data_url, old.model_url, old.report_url)
    if not any(links):
        return None
    run, data, model, report = links
    return Tracking(service="wandb", run_url=run, data_url=data, model_url=model, report_url=report)
