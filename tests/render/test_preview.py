from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from card_facts import CARDS, manifest

from bot.render import card, pictures, preview

PICTURE = pictures.avatar(None)
HEAD = '---\nlicense: "mit"\n---\n'


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def body(html: str) -> str:
    match = re.search(r'<div class="body">(.*?)</div>\s*<aside', html, re.DOTALL)
    assert match
    return match[1]


def shown(markdown: str, files: dict[str, bytes] | None = None) -> str:
    return body(preview.page([preview.Card("my-org/x", HEAD + markdown, files or {})]))


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        "<iframe src='https://example.org'></iframe>",
        "<svg onload=alert(1)><style>@import 'https://example.org'</style></svg>",
        "<style>body{background:url(https://example.org)}</style>",
        "<form action='https://example.org'><input autofocus onfocus=alert(1)></form>",
        "<p style='background:url(https://example.org)' class='head' id='cards'>x</p>",
        "<base href='https://example.org'><meta http-equiv='refresh' content='0'>",
        "</div></div></article><script>alert(1)</script>",
        "![x](https://example.org/tracker.png)",
        '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
        '<img src="../../secret.png"><img src="/etc/passwd"><img src="file:///etc/passwd">',
        '<img srcset="https://example.org/x.png 2x">',
        "<details ontoggle=alert(1) open>x</details>",
    ],
)
def test_a_body_can_neither_run_nor_load_anything(attack: str) -> None:
    html = shown(attack, {"a.png": PICTURE})
    allowed = {"p", "a", "img", "details", "div"}
    for tag, attributes in Tags(html).found:
        assert tag in allowed
        assert not any(name.startswith("on") or name in ("srcset", "id", "class") for name in attributes)
        assert "style" not in attributes
        assert not attributes.get("src")
        assert attributes.get("href", "https://").startswith("https://")


def test_hostile_metadata_is_only_text() -> None:
    attack = '"</script><img src=x onerror=alert(1)>'
    quoted = attack.replace('"', '\\"')
    text = "\n".join(
        (
            "---",
            f'license: "{quoted}"',
            f'tags: ["{quoted}", 1, {{a: 1}}]',
            f'widget: [{{text: "{quoted}", output: {{text: "{quoted}"}}}}, 3]',
            "model-index:",
            f'- results: [{{dataset: {{name: "{quoted}"}}, metrics: [{{type: "{quoted}", value: "x"}}]}}]',
            f'mynah: {{base: "{quoted}"}}',
            "---",
        )
    )
    tags = Tags(preview.page([preview.Card(attack, text, {})], notice=attack))
    assert not [attributes for _, attributes in tags.found if "onerror" in attributes]
    assert "script" not in {tag for tag, _ in tags.found}
    assert tags.text.count("<img src=x onerror=alert(1)>") >= 8


def test_the_page_forbids_scripts_and_loads_nothing() -> None:
    html = preview.page([preview.Card(made.repo, card.render(made), {}) for made in CARDS.values()])
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    for tag, attributes in Tags(html).found:
        assert tag not in ("script", "link", "iframe")
        assert attributes.get("src", "data:").startswith("data:")


def test_pictures_of_the_repo_are_shown_from_a_folder_and_from_bytes(tmp_path: Path) -> None:
    made = manifest()
    files = {"assets/ada_example.png": PICTURE, "assets/loss.png": PICTURE, "predictions.png": PICTURE}
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    readme = card.render(made)
    page = preview.page([preview.Card(made.repo, readme, tmp_path)])
    assert page == preview.page([preview.Card(made.repo, readme, files)])
    pictured = [attributes for tag, attributes in Tags(body(page)).found if tag == "img"]
    assert [attributes["alt"][:15] for attributes in pictured] == ["Profile picture", "Line chart of t"]
    assert all(attributes["src"].startswith("data:image/png;base64,") for attributes in pictured)


def test_files_outside_the_folder_and_other_kinds_are_not_shown(tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(PICTURE)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "page.png").write_text("<html>")
    text = HEAD + "![a](../secret.png) ![b](link.png) ![c](page.png) ![d](missing.png)"
    html = body(preview.page([preview.Card("my-org/x", text, folder)]))
    assert not [attributes for _, attributes in Tags(html).found if "src" in attributes]


def test_a_card_without_front_matter_says_so_and_shows_its_body() -> None:
    html = preview.page([preview.Card("my-org/x", "# Hello\n", {})])
    assert "no front matter" in Tags(html).text
    assert "<h2>Hello</h2>" in html


def test_headings_lie_below_the_pages_own() -> None:
    html = preview.page([preview.Card("my-org/x", HEAD + "# One\n\n## Two\n", {})])
    levels = [tag for tag, _ in Tags(html).found if re.fullmatch("h[1-6]", tag)]
    assert levels[:3] == ["h1", "h2", "h3"]
    assert levels.count("h1") == 1


def test_metadata_is_shown_as_the_hub_shows_it() -> None:
    made = CARDS["one"]
    text = " ".join(Tags(preview.page([preview.Card(made.repo, card.render(made), {})])).text.split())
    for said in (
        "Task: text-generation",
        "Library: transformers",
        "Language: en",
        "License: mit",
        "Base model: openai-community/gpt2",
        "Tag: mynah",
        "My dream is to build a machine",
        "Held-out posts of @ada_example",
        "Perplexity 49.4617",
        "Perplexity of the base 138.39",
        "2026-11-20T09:30:00Z",
    ):
        assert said in text


def test_several_cards_have_an_index_and_ids_are_unique() -> None:
    html = preview.page([preview.Card(made.repo, card.render(made), {}) for made in CARDS.values()])
    found = Tags(html).found
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes.get("href", "") for _, attributes in found]
    targets = {link[1:] for link in links if link.startswith("#")}
    assert targets <= set(ids)
    assert {"card-1", "card-2", "card-3", "card-4"} <= targets


def test_a_notice_stands_above_all() -> None:
    html = preview.page(
        [preview.Card("my-org/x", HEAD, {})], notice="Sample facts: this model does not exist yet."
    )
    assert "Sample facts: this model does not exist yet." in Tags(html).text


def test_published_folders_are_shown_by_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "my-org" / "ada_example"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(card.render(CARDS["one"]), encoding="utf-8")
    assert "my-org/ada_example" in Tags(preview.page_of_folders([folder])).text


def test_wide_tables_and_code_can_be_scrolled_with_the_keyboard() -> None:
    html = shown("| a |\n| - |\n| b |\n\n```\ncode\n```\n")
    assert '<div class="wide" tabindex="0"><table>' in html
    assert '<pre tabindex="0">' in html


def test_facts_with_parts_are_shown_in_words() -> None:
    settings = {"contact": "https://example.org", "tags": ["satire", "poetry"]}
    readme = f'---\nmynah: {{"settings": {json.dumps(settings)}, "asked": {{}}, "version": 2}}\n---\n\n# x\n'
    card = preview.shown(preview.Card("my-org/x", readme, {}))
    assert card["facts"] == [
        ("settings", "contact: https://example.org, tags: satire, poetry"),
        ("version", "2"),
    ]
