"""The front matter of a card: the manifest's facts as the Hub's schema names them."""

from __future__ import annotations

from bot.hub.published import FRONT_MATTER_KEY
from bot.manifest import Evaluation, Manifest, Score
from bot.registry import hub_names
from bot.render import escape
from bot.render.card import accounts as card_accounts
from bot.render.card import samples
from bot.render.card import variables as card_facts

SAMPLING = (
    "do_sample",
    "temperature",
    "top_k",
    "top_p",
    "min_length",
    "max_length",
    "min_new_tokens",
    "max_new_tokens",
    "repetition_penalty",
)
"""What of the sampling settings the Hub's widget takes."""


def metadata(manifest: Manifest) -> dict[str, object]:
    """The front matter as the Hub's schema names it. What is not known is left out."""
    base_model = card_facts.base_model(manifest)
    languages = [language["code"] for language in card_facts.languages(manifest)]
    sampling = {name: manifest.generation[name] for name in SAMPLING if name in manifest.generation}
    widget = _widget(manifest)
    license_ = card_facts.license_id(manifest)
    adapter = card_facts.is_adapter(manifest)
    known: dict[str, object] = {
        "language": languages,
        "license": license_,
        "license_name": manifest.license_name if license_ == "other" else None,
        "license_link": manifest.license_link if license_ == "other" else None,
        "library_name": "peft" if adapter else "transformers",
        "pipeline_tag": "text-generation",
        "base_model": base_model,
        "base_model_relation": ("adapter" if adapter else "finetune") if base_model else None,
        "thumbnail": f"{manifest.hub}/{manifest.repo}/resolve/main/{card_facts.SOCIAL_PREVIEW}",
        "tags": _tags(manifest),
        "widget": widget,
        "inference": {"parameters": sampling} if sampling else None,
        "model-index": [_model_index(manifest, manifest.evaluation)] if manifest.evaluation else None,
        FRONT_MATTER_KEY: manifest.published.model_dump(mode="json", exclude_none=True),
    }
    return {key: value for key, value in known.items() if value not in (None, [])}


def _tags(manifest: Manifest) -> list[str]:
    tags = ["mynah", *(tag for tag in manifest.tags if hub_names.is_tag(tag))]
    if card_facts.is_sensitive(manifest):
        tags.append("not-for-all-audiences")
    return list(dict.fromkeys(tags))


def _widget(manifest: Manifest) -> list[dict[str, object]]:
    """One example a prompt, with the first text that the model wrote for it."""
    first: dict[str, str] = {}
    for sample in manifest.samples:
        prompt, text = escape.clean(sample.prompt), samples.continuation(sample)
        if prompt and text.strip() and not sample.copied:
            first.setdefault(prompt, text)
    return [{"text": prompt, "output": {"text": text}} for prompt, text in first.items()]


def _model_index(manifest: Manifest, evaluation: Evaluation) -> dict[str, object]:
    handles = " and ".join(card_accounts.at(account) for account in manifest.accounts)
    return {
        "name": manifest.name,
        "results": [
            {
                "task": {"type": "text-generation", "name": "Text generation"},
                "dataset": {
                    "type": "held-out-posts",
                    "name": f"Held-out posts of {handles}",
                    "split": "test",
                },
                "metrics": [*_metrics(evaluation.tuned), *_metrics(evaluation.base, "base_", " of the base")],
            }
        ],
    }


def _metrics(scores: Score, prefix: str = "", of: str = "") -> list[dict[str, object]]:
    return [
        {"type": f"{prefix}loss", "name": f"Loss{of} (nats a token)", "value": round(scores.loss, 4)},
        {"type": f"{prefix}perplexity", "name": f"Perplexity{of}", "value": round(scores.perplexity, 4)},
        {
            "type": f"{prefix}bits_per_byte",
            "name": f"Bits per byte{of}",
            "value": round(scores.bits_per_byte, 4),
        },
    ]
