"""The variables of a card's template: the manifest's facts as plain values, documented in templates/README.md.

Nothing here is escaped: templates do that for every value by default. What is not known is None or empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot.manifest import Manifest
from bot.registry import hub_names
from bot.registry.languages import LANGUAGES, iso_639
from bot.registry.licenses import LICENSES
from bot.registry.owners import is_unnamed, proves_consent
from bot.registry.recipe import Recipe
from bot.render.card import accounts, curve, samples, selection, snippet

LOSS_CURVE = "assets/loss.png"
SOCIAL_PREVIEW = "predictions.png"
SQUARE = "square.png"
SENSITIVE_SHARE = 0.1
"""Share of posts marked sensitive above which a model is tagged not-for-all-audiences."""
LANGUAGE_SHARE = 0.05
"""Share of posts from which a language stands in the metadata; the most frequent one always does."""
_ACTIONS_RUN = re.compile(r"(https://[\w.-]+/[\w.-]+/[\w.-]+)/actions/runs/\d+.*", re.ASCII)
_TRACKERS = {"wandb": "Weights & Biases", "trackio": "Trackio"}
_SOURCES = {
    "x": "fetched through X's API",
    "bluesky": "fetched through Bluesky's public API",
    "mastodon": "fetched through Mastodon's public API",
    "jsonl": "read from a file",
}

_FILES = ("archive", "jsonl")
"""Sources that somebody gives as a file, which names the account or does not."""


def facts(manifest: Manifest) -> dict[str, Any]:
    """Every variable of the template `model_card`, from the manifest alone."""
    names = accounts.display_names(manifest.accounts)
    shared = samples.of_first_prompt(manifest.samples)
    first_samples, more_samples = samples.shown(manifest.samples)
    return {
        "name": manifest.name,
        "repo": manifest.repo,
        "kind": kind(manifest),
        "names": names,
        "accounts": [
            accounts.row(account, name) for account, name in zip(manifest.accounts, names, strict=True)
        ],
        "posts": "tweets" if accounts.is_x(manifest) else "posts",
        "post": "tweet" if accounts.is_x(manifest) else "post",
        "network": accounts.network(manifest),
        "source": _source(manifest),
        "adapter": is_adapter(manifest),
        "merged": is_merged(manifest),
        "snippet": snippet.snippet(manifest.repo, shared, manifest.prompts, adapter=is_adapter(manifest)),
        "samples": samples.by_prompt(manifest.samples),
        "first_samples": first_samples,
        "more_samples": more_samples,
        "withheld": sum(sample.copied for sample in manifest.samples),
        "kept": sum(account.kept for account in manifest.accounts),
        "statistics": accounts.statistics(manifest),
        "selection": selection.selection(manifest),
        "window": accounts.window(manifest.accounts),
        "checked_at": manifest.checked_at,
        "languages": languages(manifest),
        "characters": manifest.characters,
        "sensitive": is_sensitive(manifest),
        "sensitive_share": manifest.sensitive_share,
        "sensitive_limit": SENSITIVE_SHARE,
        "base": _base(manifest),
        "recipe": _recipe(manifest),
        "training": manifest.training,
        "evaluation": manifest.evaluation,
        "improvement": improvement(manifest),
        "voices": _voices(manifest, names),
        "copying": manifest.copying,
        "curve": curve.rows(manifest.curve),
        "best": curve.best(manifest.curve),
        "loss_curve": LOSS_CURVE if curve.is_drawable(manifest.curve) else None,
        "loss_description": curve.description(manifest),
        "generation": manifest.generation,
        "prefixes": [text.rstrip("\n") for text in manifest.prefixes.values()],
        "consent": manifest.consent,
        "unproven": is_unproven(manifest),
        "consent_proved": is_consent_proved(manifest),
        "contact": manifest.contact,
        "removal_within": _period(manifest.removal_within),
        "license": license_id(manifest),
        "warnings": manifest.warnings,
        "published": manifest.published,
        "provenance": manifest.provenance,
        "tracking": _tracking(manifest),
        "adopted": manifest.adopted,
        "registry_url": _registry_url(manifest.provenance.run_url),
        "home": manifest.provenance.home,
        "hub": manifest.hub,
    }


def _source(manifest: Manifest) -> str:
    """How the posts were obtained, as the end of a sentence."""
    if manifest.source == "archive":
        network = accounts.network(manifest)
        return f"read from the archive that {network} gives its users" if network else "read from archives"
    return _SOURCES.get(manifest.source, f"read from {manifest.source}")


def kind(manifest: Manifest) -> str:
    """What such a model is called: a bot of one person, a cyborg of several."""
    return "AI cyborg" if len(manifest.accounts) > 1 else "AI bot"


def languages(manifest: Manifest) -> list[dict[str, Any]]:
    """The posts' languages that the Hub knows, most frequent first, with their share of all posts that have one."""
    counts: dict[str, int] = {}
    for code, posts in manifest.languages.items():
        known = iso_639(code)
        if known is not None and posts > 0:
            counts[known] = counts.get(known, 0) + posts
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"code": code, "name": LANGUAGES[code], "share": posts / total}
        for number, (code, posts) in enumerate(ordered)
        if number == 0 or posts / total >= LANGUAGE_SHARE
    ]


def license_id(manifest: Manifest) -> str | None:
    """The licence when it is one the Hub knows; `other` only with the name and link it needs, `unknown` never."""
    if manifest.license == "other":
        return "other" if manifest.license_name and manifest.license_link else None
    known = manifest.license in LICENSES and manifest.license != "unknown"
    return manifest.license if known else None


def base_model(manifest: Manifest) -> str | None:
    """The base's Hub id, or what a local base's own README declares; None when neither is one."""
    name = manifest.base.id or manifest.base.declared
    whole = name is not None and "/" in name and "@" not in name and hub_names.is_model_id(name)
    return name if whole else None


def is_adapter(manifest: Manifest) -> bool:
    """Whether what is published is a LoRA adapter, to be loaded on top of its base."""
    return bool(manifest.recipe.lora_rank) and manifest.base.id is not None


def is_merged(manifest: Manifest) -> bool:
    """Whether a LoRA adapter was trained and published within all weights, since its base is a local folder."""
    return bool(manifest.recipe.lora_rank) and manifest.base.id is None


def improvement(manifest: Manifest) -> float | None:
    """Share of the bits a byte that fine-tuning saved on held-out posts; None where it saved nothing."""
    scores = manifest.evaluation
    if scores is None or not scores.tuned.bits_per_byte < scores.base.bits_per_byte:
        return None
    return 1 - scores.tuned.bits_per_byte / scores.base.bits_per_byte


def is_sensitive(manifest: Manifest) -> bool:
    """Whether the model is marked not for all audiences: the registry says so, or more than a tenth of the posts."""
    return manifest.sensitive or manifest.sensitive_share > SENSITIVE_SHARE


def is_unproven(manifest: Manifest) -> bool:
    """Whether posts came from a file that names no account, so that nothing shows whose they are."""
    return manifest.source in _FILES and any(
        is_unnamed(account.network, account.id) for account in manifest.accounts
    )


def is_consent_proved(manifest: Manifest) -> bool:
    """Whether whoever had the posts is likely to be their author, so that consent is more than the publisher's word."""
    return manifest.source not in _FILES or all(
        proves_consent(account.network, account.id) for account in manifest.accounts
    )


def _voices(manifest: Manifest, names: Sequence[str]) -> list[dict[str, Any]]:
    """Scores by account, in the order of the evaluation; empty for a model of one."""
    known = {account.handle: name for account, name in zip(manifest.accounts, names, strict=True)}
    voices = manifest.evaluation.voices if manifest.evaluation else ()
    return [
        {
            "name": known.get(voice.handle, f"@{voice.handle}"),
            "posts": voice.posts,
            "base": voice.base,
            "tuned": voice.tuned,
        }
        for voice in voices
    ]


def _tracking(manifest: Manifest) -> dict[str, Any] | None:
    """Links to where the run was tracked; None when there is none that a reader could open."""
    found = manifest.tracking
    if found is None:
        return None
    links = {
        "run_url": found.run_url,
        "data_url": found.data_url,
        "model_url": found.model_url,
        "report_url": found.report_url,
    }
    if not any(links.values()):
        return None
    return {"service": _TRACKERS.get(found.service, found.service), **links}


def _base(manifest: Manifest) -> dict[str, Any]:
    base = manifest.base
    known = base_model(manifest)
    return {
        "name": base.name,
        "url": f"{manifest.hub}/{base.id}" if known and base.id else None,
        "local": base.id is None,
        "declared": base.declared if known and not base.id else None,
        "revision": base.revision,
        "digest": base.digest,
        "license": base.license,
        "parameters": base.parameters,
        "context": base.context,
    }


def _recipe(manifest: Manifest) -> list[dict[str, Any]]:
    """Rows of the recipe as used, with what was asked where that differs. A key this bot does not know is shown too."""
    fields = Recipe.model_fields
    asked = manifest.asked
    return [
        {
            "name": name.replace("_", " ").capitalize().replace("Lora", "LoRA"),
            "value": "none" if value is None else value,
            "meaning": (fields[name].description or "") if name in fields else "",
            "asked": asked[name].value if name in asked else None,
            "reason": asked[name].reason if name in asked else "",
        }
        for name, value in manifest.recipe.recorded().items()
    ]


def _period(text: str | None) -> str | None:
    """`7d` in words: 7 days."""
    if text is None:
        return None
    count, unit = int(text[:-1]), {"h": "hour", "d": "day", "w": "week"}[text[-1]]
    return f"{count} {unit}{'s' * (count != 1)}"


def _registry_url(run_url: str | None) -> str | None:
    """The repository whose Actions run published this: there a handle is added by a pull request."""
    match = _ACTIONS_RUN.fullmatch(run_url or "")
    return match[1] if match else None
