from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from card_facts import manifest

from bot import registry
from bot.__main__ import main
from bot.hub import Hub, front_matter, open_hub
from bot.manifest import Manifest
from bot.plan.desired import template_folders
from bot.registry import Registry, asked
from bot.registry.card_settings import card_settings
from bot.render import card, preview, proposed_cards, publication, sample_manifest

HEAD = """\
version: 1
namespace: my-org
contact: https://example.org/removal
x: {terms_acknowledged: true}
defaults: {source: x, consent: https://example.org/agreed}
models:
"""
Write = Callable[[str], Registry]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(models: str) -> Registry:
        (tmp_path / "registry.yaml").write_text(HEAD + models, encoding="utf-8")
        return registry.load(tmp_path / "registry.yaml")

    return written


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return open_hub(f"dir:{tmp_path / 'hub'}", "my-org")


def publish(found: Registry, hub: Hub, **changes: object) -> Manifest:
    """Publishes the registry's first entry as an apply would have, with the facts of the tests' manifest."""
    entry = found.entries[0]
    made = manifest()
    state = made.published.model_copy(
        update={
            "handles": entry.handles,
            "recipe": asked.recipe_digest(asked.values_of(entry)),
            "template": card.template_digest(entry.template, template_folders(found)),
            "card": card_settings(found, entry).digest(),
            **changes,
        }
    )
    made = made.model_copy(update={"published": state})
    hub.publish(
        entry.name, dict(publication.render(made, entry, found, {}, {}, {})), parent=None, message="x"
    )
    return made


def names(proposal: proposed_cards.Proposal) -> list[str]:
    return [entry.name for entry in proposal.entries]


def test_new_and_changed_entries_are_shown_and_others_are_not(write: Write, hub: Hub) -> None:
    one = "  - handles: [ada_example]\n"
    publish(write(one), hub)
    assert names(proposed_cards.changed(write(one), hub)) == []
    assert names(proposed_cards.changed(write(one + "  - handles: [bob_example]\n"), hub)) == ["bob_example"]
    for change in ("sensitive: true", "recipe: {epochs: 9}", "base: my-org/other"):
        found = write(one.rstrip() + f"\n    {change}\n")
        proposal = proposed_cards.changed(found, hub)
        assert names(proposal) == ["ada_example"]
        (shown,) = proposed_cards.cards(found, hub, proposal)
        trained = not change.startswith("sensitive")
        assert shown.note == (proposed_cards.TRAINED_ANEW if trained else proposed_cards.CARD_ONLY)
        assert "3.901" in shown.readme
        assert ("not-for-all-audiences" in shown.readme) == (not trained)


@pytest.mark.parametrize("broken", [False, True])
def test_what_a_human_added_to_the_front_matter_is_shown_where_it_can_be_read(
    write: Write, hub: Hub, tmp_path: Path, broken: bool
) -> None:
    one = "  - handles: [ada_example]\n"
    publish(write(one), hub)
    readme = (hub.read("ada_example", "README.md") or b"").decode()
    added = readme.replace("tags:\n", 'datasets: ["my-org/more"]\ntags:\n- "kept"\n', 1)
    if broken:
        added = added.replace("tags:", "tags: [", 1)
    (tmp_path / "hub" / "my-org" / "ada_example" / "README.md").write_text(added, encoding="utf-8")
    found = write(one.rstrip() + "\n    sensitive: true\n")
    (shown,) = proposed_cards.cards(found, hub, proposed_cards.changed(found, hub, only=["ada_example"]))
    assert ('- "kept"' in shown.readme) == (not broken)
    assert ("my-org/more" in shown.readme) == (not broken)


def test_a_changed_template_changes_the_entries_that_use_it(write: Write, hub: Hub, tmp_path: Path) -> None:
    found = write("  - handles: [ada_example]\n")
    publish(found, hub)
    assert names(proposed_cards.changed(found, hub)) == []
    (tmp_path / "templates" / "model_card").mkdir(parents=True)
    (tmp_path / "templates" / "model_card" / "limits.md.j2").write_text("## Limitations and bias\n\nNew.\n")
    (shown,) = proposed_cards.cards(found, hub, proposed_cards.changed(found, hub))
    assert shown.note == proposed_cards.CARD_ONLY
    assert "\nNew.\n" in shown.readme


def test_only_names_what_to_show_and_the_limit_bounds_it(write: Write, hub: Hub) -> None:
    found = write("".join(f"  - handles: [user_{number:03}]\n" for number in range(50)))
    assert names(proposed_cards.changed(found, hub, only=["user_007"])) == ["user_007"]
    proposal = proposed_cards.changed(found, hub, limit=5)
    assert names(proposal) == [f"user_{number:03}" for number in range(5)]
    assert proposal.left_out[0] == "user_005: left out, only 5 are shown"
    assert proposal.left_out[-1] == "… and 40 more"
    assert len(proposal.left_out) == 6


def test_sample_facts_are_marked_above_the_card_in_it_and_in_every_text(write: Write, hub: Hub) -> None:
    found = write("  - handles: [ada_example, bob_example]\n    prompts: [Once, Then]\n    sensitive: true\n")
    (shown,) = proposed_cards.cards(found, hub, proposed_cards.changed(found, hub))
    assert shown.note == sample_manifest.NOTE
    assert "Sample facts: not measured" in preview.page([shown])
    assert "Sample facts: not measured." in shown.readme
    found_metadata = front_matter.parse(shown.readme)
    assert found_metadata["base_model"] == "openai-community/gpt2"
    assert "license" not in found_metadata
    assert all("sample text" in item["output"]["text"] for item in found_metadata["widget"])
    assert "AI cyborg" in shown.readme
    assert "not-for-all-audiences" in shown.readme
    assert {"predictions.png", "assets/loss.png", "assets/avatar-bob_example.png"} <= set(shown.assets)  # type: ignore[arg-type]


def test_nothing_that_a_strangers_registry_names_is_opened(
    write: Write, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text("{}")
    (base / "model.safetensors").write_bytes(b"canary")
    posts = tmp_path / "posts.jsonl"
    posts.write_text('{"id": "1", "text": "zanzibar"}\n')
    found = write(
        f"  - handles: [ada_example]\n    source: jsonl\n    jsonl: posts.jsonl\n    base: {base}\n"
    )
    opened: list[str] = []
    original = Path.open

    def watched(path: Path, *args: object, **options: object) -> object:
        opened.append(str(path))
        return original(path, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", watched)
    (shown,) = proposed_cards.cards(found, hub, proposed_cards.changed(found, hub))
    assert not [path for path in opened if path.startswith((str(base), str(posts)))]
    assert "zanzibar" not in shown.readme
    assert str(tmp_path) not in shown.readme
    assert "a local base, <code>base</code>" in shown.readme
    assert "base_model" not in front_matter.parse(shown.readme)


def test_a_damaged_manifest_or_template_shows_its_reason_and_the_others_are_shown(
    write: Write, hub: Hub, tmp_path: Path
) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "mine.md.j2").write_text("{{ mispelt }}")
    found = write("  - handles: [ada_example]\n    template: mine\n  - handles: [bob_example]\n")
    first, second = proposed_cards.cards(found, hub, proposed_cards.changed(found, hub))
    assert first.note == preview.CANNOT
    assert "'mispelt' is undefined" in preview.page([first]).replace("&#39;", "'")
    assert second.note == sample_manifest.NOTE


def test_an_entrys_own_template_beside_the_registry_is_used(write: Write, hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "mine.md.j2").write_text("# Hello {{ names[0] }}\n")
    found = write("  - handles: [ada_example]\n    template: mine\n  - handles: [bob_example]\n")
    first, second = proposed_cards.cards(found, hub, proposed_cards.changed(found, hub))
    assert first.readme.endswith("---\n\n# Hello ada_example\n")
    assert "## How to get started" in second.readme


def test_a_page_is_bounded_whatever_cards_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(3 << 20)
    many = "---\n{}\n---\n" + "![x](a.png)\n" * 1000
    page = preview.page([preview.Card("my-org/x", many, {"a.png": picture})])
    assert len(page) < 10 << 20
    long = preview.page([preview.Card("my-org/x", "---\n{}\n---\n" + "y" * 1_000_000, {})])
    assert "only the first 262,144 characters are shown" in long
    assert len(long) < 300_000
    monkeypatch.setattr(preview, "MAX_PAGE_BYTES", 1000)
    cards = [preview.Card(f"my-org/c{n}", "---\n{}\n---\n" + "y" * 2000, {}) for n in range(3)]
    page = preview.page(cards)
    assert page.count("<article") == 1
    assert page.count("left out, the page is large enough") == 2


def test_the_command_writes_the_page_and_says_what_is_not_shown(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("  - handles: [ada_example]\n  - handles: ['bad handle']\n")
    out = tmp_path / "made" / "page.html"
    where = ["--registry", str(tmp_path / "registry.yaml"), "--hub", f"dir:{tmp_path / 'hub'}"]
    assert main(["preview", "--out", str(out), *where]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"1 card in {out}, 1 of sample facts\nnot shown: ")
    assert "registry.yaml:8:" in said
    text = re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), out.read_text(encoding="utf-8"))
    assert "my-org/ada_example" in text
    assert "registry.yaml:8:" in text
    assert main(["preview", "--out", str(out), "--only", "nobody", *where]) == 2


def test_the_command_fails_for_a_card_that_cannot_be_rendered(
    write: Write,
    hub: Hub,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/model_card.md.j2").write_text("# {{ repo }}\n{{ nothere }}\n")
    registry = write("  - handles: [new]\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    where = ["--registry", str(registry.path), "--hub", f"dir:{tmp_path / 'hub'}"]
    assert main(["preview", "--out", str(tmp_path / "cards.html"), *where]) == 1
    said = capsys.readouterr().err
    assert "new: this card cannot be rendered: " in said
    assert "\n::error file=templates/model_card.md.j2,line=2,col=1::'nothere' is undefined" in said
    assert "nothere" in (tmp_path / "cards.html").read_text()


def test_without_a_namespace_every_entry_is_new(tmp_path: Path) -> None:
    (tmp_path / "registry.yaml").write_text(
        HEAD.replace("namespace: my-org\n", "") + "  - handles: [ada_example]\n"
    )
    assert (
        main(["preview", "--out", str(tmp_path / "p.html"), "--registry", str(tmp_path / "registry.yaml")])
        == 0
    )


def test_the_preview_needs_no_torch() -> None:
    code = (
        "import sys, bot.render.proposed_cards, bot.render.preview, bot.cli.commands.preview;"
        "print(sorted({'torch', 'transformers', 'tweepy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
