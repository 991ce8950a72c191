"""The card: a manifest's facts to README.md, front matter and body. Same facts, same bytes; no clock, no network.

Templates are Jinja2 in a sandbox, found in the given folders. Every value they print is escaped, see `escape`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.meta import find_referenced_templates
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from bot import digest, hub_names
from bot.card import escape, front_matter
from bot.card import facts as card_facts
from bot.errors import UsageError
from bot.manifest import FRONT_MATTER_KEY, Manifest
from bot.paths import TEMPLATES

PICTURES = ("predictions.svg.j2", "loss.svg.j2")
"""Templates of the pictures that stand with every card."""
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


def find_template(name: str, folders: Sequence[Path] = TEMPLATES) -> Path:
    """The file of the template `name` (`model_card`), from the first folder that has it. UsageError for none."""
    return _find(f"{name}.md.j2", folders)


def template_digest(name: str, folders: Sequence[Path] = TEMPLATES) -> str:
    """Digest of the template, all it includes and the pictures' templates: equal when cards would look equal."""
    contents: dict[str, str] = {}
    waiting = [f"{name}.md.j2", *PICTURES]
    while waiting:
        file = waiting.pop()
        if file not in contents:
            contents[file] = _find(file, folders).read_text(encoding="utf-8")
            waiting.extend(_includes(file, contents[file]))
    return digest.of_value(contents)[:16]


def render(manifest: Manifest, *, template: str = "model_card", folders: Sequence[Path] = TEMPLATES) -> str:
    """README.md for the manifest. UsageError when the template is missing, broken or names an unknown variable."""
    body = render_template(f"{template}.md.j2", card_facts.facts(manifest), folders)
    body = re.sub(r"\n{3,}", "\n\n", body).strip("\n")
    return f"{front_matter.dump(metadata(manifest))}\n{body}\n"


def parse_front_matter(text: str) -> dict[str, Any]:
    """The front matter of a card that anybody may have written. ValueError with one sentence when it is damaged."""
    return front_matter.parse(text)


def render_template(file: str, variables: Mapping[str, Any], folders: Sequence[Path]) -> str:
    """A template with its variables. UsageError with file and line when it is missing or broken."""
    try:
        return _environment(tuple(folders)).get_template(file).render(variables)
    except jinja2.TemplateNotFound as error:
        raise UsageError(_missing(str(error.name), folders)) from None
    except jinja2.TemplateSyntaxError as error:
        raise UsageError(f"{error.filename or file}:{error.lineno}: {error.message}") from None
    except (jinja2.TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise UsageError(
            f"the template {file} cannot be rendered: {error}; see templates/README.md"
        ) from error


def metadata(manifest: Manifest) -> dict[str, object]:
    """The front matter as the Hub's schema names it. What is not known is left out."""
    base_model = card_facts.base_model(manifest)
    languages = [language["code"] for language in card_facts.languages(manifest)]
    sampling = {name: manifest.generation[name] for name in SAMPLING if name in manifest.generation}
    widget = _widget(manifest)
    license_ = card_facts.license_id(manifest)
    known: dict[str, object] = {
        "language": languages,
        "license": license_,
        "license_name": manifest.license_name if license_ == "other" else None,
        "license_link": manifest.license_link if license_ == "other" else None,
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "base_model": base_model,
        "base_model_relation": "finetune" if base_model else None,
        "thumbnail": f"{card_facts.HUB}/{manifest.repo}/resolve/main/{card_facts.SOCIAL_PREVIEW}",
        "tags": _tags(manifest),
        "widget": widget,
        "inference": {"parameters": sampling} if sampling else None,
        "model-index": [_model_index(manifest)],
        FRONT_MATTER_KEY: manifest.published.model_dump(mode="json"),
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
        prompt, text = escape.clean(sample.prompt), card_facts.continuation(sample)
        if prompt and text.strip():
            first.setdefault(prompt, text)
    return [{"text": prompt, "output": {"text": text}} for prompt, text in first.items()]


def _model_index(manifest: Manifest) -> dict[str, object]:
    scores = manifest.evaluation.tuned
    handles = " and ".join(card_facts.at(account) for account in manifest.accounts)
    return {
        "name": manifest.name,
        "results": [
            {
                "task": {"type": "text-generation", "name": "Text generation"},
                "dataset": {"type": "held-out-posts", "name": f"Held-out posts of {handles}"},
                "metrics": [
                    {"type": "loss", "name": "Loss (nats a token)", "value": round(scores.loss, 4)},
                    {"type": "perplexity", "name": "Perplexity", "value": round(scores.perplexity, 4)},
                    {
                        "type": "bits_per_byte",
                        "name": "Bits per byte",
                        "value": round(scores.bits_per_byte, 4),
                    },
                ],
            }
        ],
    }


def _find(file: str, folders: Sequence[Path]) -> Path:
    for folder in folders:
        if (folder / file).is_file():
            return folder / file
    raise UsageError(_missing(file, folders))


def _missing(file: str, folders: Sequence[Path]) -> str:
    looked = ", ".join(str(folder) for folder in folders)
    return f"there is no template {file} in {looked}; mend `template:` or add the file"


def _includes(file: str, source: str) -> list[str]:
    try:
        found = find_referenced_templates(jinja2.Environment().parse(source))  # noqa: S701 - parsed only
        return [name for name in found if name is not None]
    except jinja2.TemplateSyntaxError as error:
        raise UsageError(f"{file}:{error.lineno}: {error.message}") from None


@lru_cache(maxsize=8)
def _environment(folders: tuple[Path, ...]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(list(folders)),
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Jinja's own filters that produce markup escape for HTML alone, which a table's `|` would survive.
    for name in ("e", "escape", "forceescape", "safe", "urlize", "xmlattr", "tojson", "mark_safe"):
        environment.filters.pop(name, None)
    environment.filters |= {
        "lines": escape.escape_lines,
        "url": escape.escape_url,
        "ours": Markup,
        "date": lambda moment: Markup(moment.date().isoformat()),  # noqa: S704 - digits and hyphens
        "count": lambda number: Markup(f"{number:,}"),  # noqa: S704 - digits and commas
        "fixed": lambda number, digits=3: Markup(f"{number:.{digits}f}"),  # noqa: S704 - digits and a point
        "duration": duration,
    }
    return environment


def _shown(value: object) -> Markup:
    if value is None:
        raise ValueError("it prints a value that is None for this model; put an {% if %} around it")
    return escape.escape(value)


def duration(seconds: float) -> str:
    """A span of time as a person says it: `42 seconds`, `7 minutes`, `3.5 hours`."""
    if seconds < 90:
        rounded = max(1, round(seconds))
        return f"{rounded} second{'s' * (rounded != 1)}"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"
