from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from card_facts import account, manifest
from card_reader import body_of, by_cmark, by_markdown_it

from bot.hub import front_matter
from bot.manifest import Account, Adopted, Base, Manifest, Tracking
from bot.render import card

GOLDEN = Path(__file__).parent / "golden" / "adopted.md"
RUN = "https://wandb.ai/invented/project/runs/5train67"


def old_account(handle: str, name: str, scale: int) -> Account:
    counts = {"retweets": 353 * scale, "short": 25 * scale}
    kept = 1856 * scale
    total = sum(counts.values()) + kept
    made = account(handle, name, downloaded=total, dropped=counts, kept=kept, first=None, last=None)
    return made.model_copy(update={"characters": None})


def adopted(**changes: Any) -> Manifest:
    """What `bot adopt` publishes: counts and links of an older card, and nothing that nobody measured."""
    facts: dict[str, Any] = {
        "source": "x",
        "languages": {},
        "sensitive_share": 0.0,
        "characters": None,
        "license": None,
        "tags": (),
        "base": Base(
            name="openai-community/gpt2",
            identity="openai-community/gpt2",
            id="openai-community/gpt2",
            parameters=124_439_808,
            context=1024,
        ),
        "recipe": {},
        "training": None,
        "evaluation": None,
        "copying": None,
        "adopted": Adopted(
            system="huggingtweets", commit="0a1b2c3d4e5f60718293", dated=False, weights=("pytorch_model.bin",)
        ),
        "tracking": Tracking(
            service="wandb",
            run_url=RUN,
            data_url=f"{RUN}/data",
            model_url=f"{RUN}/artifacts",
            report_url="https://wandb.ai/invented/project/reports/A-Report--Vmlldzo1",
        ),
        "curve": (),
        "samples": (),
        "generation": {},
    }
    people = (old_account("bob_example", "Bob | Example", 1), old_account("ada_example", "Ada Example", 2))
    made = manifest([account("bob_example", ""), account("ada_example", "")], **(facts | changes))
    published = made.published.model_copy(update={"newest_post": None})
    return made.model_copy(update={"accounts": people, "published": published})


def test_golden_card_of_an_adopted_model() -> None:
    """After a wanted change: rm the golden card, run the test twice, and read the difference."""
    added = {"language": "en", "tags": ["huggingtweets"]}
    rendered = card.render(adopted(), added=added)
    if not GOLDEN.exists():
        GOLDEN.write_text(rendered, encoding="utf-8")
        pytest.fail(f"{GOLDEN.name} was missing and is written now: read it, and run again")
    assert rendered == GOLDEN.read_text(encoding="utf-8")


def test_what_was_not_measured_is_not_on_the_card() -> None:
    readme = card.render(adopted())
    page, other = by_markdown_it(body_of(readme)), by_cmark(body_of(readme))
    assert page.faults == []
    assert other.faults == []
    assert page.tables == other.tables
    titles = [text for _, text in page.headings]
    assert "Training data" in titles
    assert not {"Evaluation", "Samples", "How much it copies"} & set(titles)
    for word in ("None", "perplexity", "characters were kept", "Fine-tuning took", "| Hyperparameter"):
        assert word not in page.text
    assert not {"widget", "model-index", "license", "language"} & set(front_matter.parse(readme))


def test_the_weights_are_named_and_pickled_ones_warned_of() -> None:
    assert "There are no safetensors" in card.render(adopted())
    safe = adopted(adopted=Adopted(system="huggingtweets", commit="0a1b", weights=("model.safetensors",)))
    assert "There are no safetensors" not in card.render(safe)
    assert "| Trained, at the latest |" in card.render(adopted())
    assert "| Trained |" in card.render(safe)


def test_tracked_links_are_all_kept() -> None:
    links = by_markdown_it(body_of(card.render(adopted()))).links
    tracking = adopted().tracking
    assert tracking is not None
    assert {tracking.run_url, tracking.data_url, tracking.model_url, tracking.report_url} <= set(links)


def test_a_base_of_unknown_size_is_named_without_one() -> None:
    base = Base(name="gpt", identity="gpt", id="org/gpt")
    assert (
        " parameters"
        not in card.render(adopted(base=base)).split("How it was made")[1].split("</details>")[0]
    )
