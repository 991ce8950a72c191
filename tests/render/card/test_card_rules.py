"""Rules that every card keeps, and facts that every card gives back, whatever names, numbers and texts it holds."""

from __future__ import annotations

import ast
import itertools
import re
import unicodedata
from typing import Any

import card_reader
import pytest
import yaml
from card_facts import CARDS, HOSTILE, account, manifest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.hub import front_matter
from bot.hub.published import Published
from bot.manifest import Copying, Evaluation, Manifest, Point, Sample, Score, Voice
from bot.registry import hub_names
from bot.registry.licenses import LICENSES
from bot.render import card, escape
from bot.render.card import accounts as card_accounts

MAX_README = 256 * 1024
MAX_FRONT_MATTER = 32 * 1024


def check(made: Manifest) -> tuple[card_reader.Seen, dict[str, Any]]:
    """The card as a reader sees it and its front matter, after every rule was held against it."""
    readme = card.render(made)
    assert readme.startswith("---\n")
    assert len(readme.encode()) < MAX_README
    source, body = front_matter.split(readme)
    found = front_matter.parse(readme)
    check_front_matter(source, found, made)
    first, second = card_reader.by_markdown_it(body), card_reader.by_cmark(body)
    assert first.faults == second.faults == []
    for part in ("tables", "headings", "images", "code", "items", "links"):
        assert getattr(first, part) == getattr(second, part), part
    levels = [level for level, _ in first.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all(text.strip() for _, text in first.headings)
    assert all(alt.strip() and not source.startswith(("http", "/")) for source, alt in first.images)
    assert all(
        re.match(r"https://[\w.-]+/|mailto:|(bot\.json|(predictions|square)\.png)$", link)
        for link in first.links
    )
    prose = re.sub(r"(?s)```.*?```", "", body)
    assert "$$" not in body  # the Hub looks for formulas before it reads Markdown, in code too
    assert "\\\\(" not in body
    assert "[More Information Needed]" not in prose
    assert not re.search(r"\{\{|\{%|\bUndefined\b", prose)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ufeff\ufffd\ud800-\udfff\r]", body)
    assert not re.search("[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]{4,}", body)
    assert unicodedata.is_normalized("NFC", body)
    ast.parse(first.code[0])
    said = " ".join(first.text.split())
    assert "Machine-generated." in said
    assert "not affiliated with or endorsed by" in said
    removal = re.search(r"(?m)^> \*\*Is this you\?\*\* (.*)$", body)
    assert removal
    assert re.search(r"\]\((?:mailto:|https://)", removal[1])
    return first, found


def check_front_matter(source: str, found: dict[str, Any], made: Manifest) -> None:
    assert len(source.encode()) < MAX_FRONT_MATTER
    assert yaml.safe_load(source) == found
    for line in source.splitlines():
        value = re.sub(r"^[\s-]*(?:[\w-]+:(?: |$))?", "", line)
        plain = re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?|true|false|null|\[\]|\{\}|", value)
        assert plain or value.startswith('"'), (
            line
        )  # every text is quoted: nothing is left to a parser's taste
    assert found.get("license") in {None, *LICENSES} - {"unknown"}
    assert all(re.fullmatch("[a-z]{2,3}", code) for code in found.get("language", []))
    assert all(hub_names.is_tag(tag) for tag in found["tags"])
    assert len(set(found["tags"])) == len(found["tags"])
    assert (found["library_name"], found["pipeline_tag"]) == ("transformers", "text-generation")
    assert ("base_model" in found) == ("base_model_relation" in found)
    assert "/" in found.get("base_model", "a/b")
    for example in found.get("widget", [{"text": "x", "output": {"text": "y"}}]):
        assert example["text"].strip()
        assert example["output"]["text"].strip()
    assert all(
        isinstance(value, int | float) for value in found.get("inference", {}).get("parameters", {}).values()
    )
    if made.evaluation is not None:
        (entry,) = found["model-index"]
        (result,) = entry["results"]
        assert result["task"]["type"] == "text-generation"
        assert result["dataset"]["name"]
        assert len({metric["type"] for metric in result["metrics"]}) == len(result["metrics"]) == 6
    assert Published.model_validate(found["mynah"]) == made.published


@pytest.mark.parametrize("made", CARDS.values(), ids=CARDS)
def test_golden_cards_keep_every_rule(made: Manifest) -> None:
    check(made)


@pytest.mark.parametrize("text", HOSTILE)
def test_cards_keep_every_rule_whatever_a_text_holds(text: str) -> None:
    check(
        manifest(
            [account("mallory", text, labels=(text,)), account("bob_example", "Bob")],
            samples=(Sample(prompt=text, text=text, seed=1),),
            prompts=(text,),
            warnings=(text,),
            contact="",
            consent=None,
            license=text,
            tags=(text,),
        )
    )


wide = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
counts = st.integers(0, 10**7)
shares = st.floats(0, 1)
losses = st.floats(0.001, 20)


@st.composite
def scores(draw: st.DrawFn) -> Score:
    loss = draw(losses)
    low, high = draw(st.one_of(st.none(), st.tuples(losses, losses))) or (None, None)
    return Score(
        loss=loss,
        perplexity=draw(st.floats(1, 1e9)),
        bits_per_byte=draw(st.floats(0.001, 8)),
        low=low,
        high=high,
    )


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Manifests whose every text is a stranger's and whose numbers are any that can occur."""
    people = draw(st.integers(1, 9))
    accounts = []
    for number in range(people):
        dropped = draw(
            st.dictionaries(
                st.sampled_from(
                    ["retweets", "short", "edited", "duplicates", "private_data", "other_language"]
                ),
                counts,
                max_size=6,
            )
        )
        kept = draw(counts)
        unknown = draw(st.sampled_from([(), (), ("replies",)]))
        accounts.append(
            account(
                f"user{number}",
                draw(wide),
                downloaded=sum(dropped.values()) + kept,
                dropped=dropped,
                kept=kept,
                not_fetched=unknown,
                parody=draw(st.booleans()),
                labels=tuple(draw(st.lists(wide, max_size=2))),
                avatar=draw(st.sampled_from([None, f"assets/{number}.png"])),
            )
        )
    prompts = draw(st.lists(wide, min_size=1, max_size=3, unique_by=escape.clean))
    samples = tuple(
        Sample(prompt=prompt, text=draw(wide), seed=seed, copied=draw(st.booleans()))
        for seed, prompt in enumerate(prompts)
        for _ in range(draw(st.integers(0, 3)))
    )
    voices = tuple(
        Voice(handle=one.handle, posts=draw(counts), base=draw(scores()), tuned=draw(scores()))
        for one in accounts
        if people > 1
    )
    evaluation = Evaluation(
        posts=draw(counts),
        tokens=draw(counts),
        bytes=draw(counts),
        base=draw(scores()),
        tuned=draw(scores()),
        voices=voices,
    )
    copying = Copying(
        samples=draw(counts),
        seed=draw(counts),
        words=draw(st.integers(2, 20)),
        runs=draw(shares),
        whole=draw(shares),
        text=draw(shares),
        posts=draw(counts),
        natural_runs=draw(shares),
        natural_whole=draw(shares),
        natural_text=draw(shares),
    )
    held_out = draw(st.lists(losses, max_size=40))
    return manifest(
        accounts,
        prompts=tuple(prompts),
        samples=samples,
        evaluation=evaluation,
        copying=draw(st.sampled_from([None, copying])),
        curve=tuple(
            Point(step=step, epoch=step / 7, train=None, held_out=loss) for step, loss in enumerate(held_out)
        ),
        warnings=tuple(draw(st.lists(wide, max_size=2))),
        sensitive_share=draw(shares),
        contact=draw(st.sampled_from(["", "https://example.org/x", "mailto:a@example.org"])),
    )


def squashed(text: str) -> str:
    return " ".join(text.split())


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(manifests())
def test_any_card_keeps_every_rule_and_gives_its_facts_back(made: Manifest) -> None:
    page, found = check(made)
    names = [squashed(name) for name in card_accounts.display_names(made.accounts)]
    tables = card_reader.statistics(page)
    assert [squashed(cell) for one in tables for cell in one[0][1:]] == names
    rows = {
        cells[0][0]: [cell for row in cells for cell in row[1:]]
        for cells in zip(*(one[1:] for one in tables), strict=True)
    }
    for column, one in enumerate(made.accounts):
        assert int(rows["Tweets downloaded"][column]) == one.downloaded
        assert int(rows["Tweets kept"][column]) == one.kept
        numbers = [cells[column] for cells in rows.values()]
        assert sum(int(cell) for cell in numbers[1:] if cell != "not fetched") == one.downloaded
        assert ("not fetched" in numbers) == bool(one.not_fetched)
        for reason, dropped in one.dropped.items():
            label = {"retweets": "Retweets", "short": "Short tweets"}.get(
                reason, reason.replace("_", " ").capitalize()
            )
            assert int(rows.get(label, ["0"] * len(names))[column]) == dropped
    assert all(name in squashed(page.text) for name in names)
    assert len(page.images) == sum(bool(one.avatar) for one in made.accounts) + (len(made.curve) > 1)

    expected = [card_reader.visible(one) for one in made.samples if not one.copied]
    quotes = ["".join(quote.split()) for quote in page.quotes[1:]]
    assert len(quotes) == len(expected)
    assert sorted(quotes) == sorted(expected)
    loop = next(node for node in ast.walk(ast.parse(page.code[0])) if isinstance(node, ast.For))
    assert isinstance(loop.iter, ast.Call)
    asked = made.samples[0].prompt if made.samples else made.prompts[0]
    assert ast.literal_eval(loop.iter.args[0]) == asked

    assert made.evaluation is not None
    measures = next(table for table in page.tables if table[0] == ["Measure", "Base", "This model"])
    for column, score in ((1, made.evaluation.base), (2, made.evaluation.tuned)):
        assert measures[1][column] == f"{score.perplexity:.2f}"
        assert measures[2][column] == f"{score.loss:.3f}"
        assert measures[3][column] == f"{score.bits_per_byte:.3f}"
    metrics = {one["type"]: one["value"] for one in found["model-index"][0]["results"][0]["metrics"]}
    assert metrics["loss"] == round(made.evaluation.tuned.loss, 4)
    assert metrics["base_loss"] == round(made.evaluation.base.loss, 4)
    voices = [table for table in page.tables if table[0][0] == "Account"]
    assert [[row[1] for row in table[1:]] for table in voices] == (
        [[str(voice.posts) for voice in made.evaluation.voices]] if made.evaluation.voices else []
    )
    copied = [table for table in page.tables if table[0][-1] == "Natural level"]
    assert bool(copied) == (made.copying is not None)
    if made.copying is not None:
        assert f"A copied run is {made.copying.words} words or more" in squashed(page.text)
        assert f"from seed {made.copying.seed}." in squashed(page.text)
        assert copied[0][1][1:] == [
            f"{made.copying.whole:.1%}",
            f"{made.copying.natural_whole:.1%}",
        ]
        assert copied[0][2][1] == f"{made.copying.runs:.1%}"
    assert ("not-for-all-audiences" in found["tags"]) == (made.sensitive_share > 0.1)
