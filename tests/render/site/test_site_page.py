from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser

import pytest
from site_models import HOSTILE, facts, fleet, model

from bot.io.paths import TEMPLATES
from bot.plan.states import STATES
from bot.registry.templates import find
from bot.render import escape
from bot.render.site import data, page
from bot.render.site.models import Model

REPOS = "https://huggingface.co/my-org/"


class Seen(HTMLParser):
    """Tags with their attributes, texts by tag, and what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "input", "img", "path", "polyline"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if text.strip() and self.open:
            self.texts.append((self.open[-1], text.strip()))

    def all(self, tag: str, attribute: str) -> list[str]:
        return [
            value for name, given in self.tags if name == tag and (value := given.get(attribute)) is not None
        ]


def made(models: list[Model], repos: str = REPOS) -> dict[str, bytes]:
    return page.files(models, namespace="my-org", repos=repos)


def rows(files: dict[str, bytes]) -> list[list[object]]:
    parts = [files[path].decode() for path in sorted(files) if path != page.PAGE]
    return [row for part in parts for row in json.loads(f"[{part[len('fleet.add([') : -len(']);') - 1]}]")]


def test_the_page_is_sound_html_that_loads_nothing_from_elsewhere() -> None:
    files = made(fleet(60))
    text = files["index.html"].decode()
    seen = Seen(text)
    assert seen.open == []
    sources = seen.all("script", "src") + seen.all("img", "src") + seen.all("link", "href")
    assert [source.partition("?")[0] for source in sources] == ["fleet/models-1.js"]
    assert all(source.startswith(("#", REPOS)) for source in seen.all("a", "href"))
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|innerHTML|insertAdjacent|eval\(", text)
    ids = [given["id"] for _, given in seen.tags if "id" in given]
    assert len(ids) == len(set(ids))
    labelled = seen.all("label", "for")
    assert {given["id"] for tag, given in seen.tags if tag in {"input", "select"}} == set(labelled)
    assert seen.all("html", "lang") == ["en"]


def test_the_policy_names_the_very_script_and_style_of_the_page() -> None:
    text = made(fleet(3))["index.html"].decode()
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', text)[0])
    for tag in ("script", "style"):
        inner = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(inner) == 1
        digest = base64.b64encode(hashlib.sha256(inner[0].encode()).digest()).decode()
        assert f"{tag}-src" in policy
        assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")


def test_hostile_names_are_shown_as_they_are_and_do_nothing() -> None:
    files = made([model(number, name) for number, name in enumerate(HOSTILE)])
    seen, harmless = (
        Seen(files["index.html"].decode()),
        Seen(made(fleet(0) + [model(n) for n in range(10)])["index.html"].decode()),
    )
    assert [tag for tag, _ in seen.tags] == [tag for tag, _ in harmless.tags]
    shown = "".join(text for tag, text in seen.texts if tag == "bdi")
    for name in HOSTILE:
        assert escape.clean(name).replace(" ", "") in shown.replace(" ", "")
    script = files["fleet/models-1.js"]
    script.decode("ascii")
    assert b"<" not in script
    assert [row[3][0][0] for row in rows(files)] == list(HOSTILE)  # type: ignore[index]


def test_first_models_stand_in_the_page_and_all_of_them_in_the_data() -> None:
    models = fleet(2 * data.ROWS + 1)
    files = made(models)
    assert sorted(files) == ["fleet/models-1.js", "fleet/models-2.js", "fleet/models-3.js", "index.html"]
    seen = Seen(files["index.html"].decode())
    assert len(seen.all("time", "datetime")) == page.SHOWN
    assert [row[0] for row in rows(files)] == [one.name for one in models]
    assert len(files["index.html"]) < 60_000
    assert "These are the first 24 of 5,001 models" in files["index.html"].decode()


def test_equal_facts_give_equal_bytes_and_other_data_another_address() -> None:
    assert made(fleet(40)) == made(fleet(40))
    text, other = made(fleet(40))["index.html"].decode(), made(fleet(41))["index.html"].decode()
    address = re.compile(r"fleet/models-1\.js\?v=[0-9a-f]{12}")
    assert address.findall(html.unescape(text)) != address.findall(html.unescape(other))


def test_what_is_not_known_of_a_model_is_not_there() -> None:
    bare = model(1, facts=facts(("Ada", "@ada"), base=None, tuned=None, first=None, least=None, line=""))
    coming = model(2, state="new", on_hub=False, facts=None, trained=None)
    unread = model(3, facts=None)
    files = made([bare, coming, unread])
    seen = Seen(files["index.html"].decode())
    texts = [text for _, text in seen.texts]
    assert "Perplexity" not in texts
    assert "Held-out loss" not in texts
    assert texts.count("Trained") == 2
    assert texts.count("Posts kept") == 1
    assert seen.all("a", "href")[1:] == [f"{REPOS}user_1", f"{REPOS}user_3"]
    assert not re.search(r">\s*None\s*<", files["index.html"].decode())
    assert "@user_2" in texts


def test_visitors_find_where_to_ask_for_a_model_and_for_a_removal() -> None:
    files = page.files(
        fleet(1),
        namespace="my-org",
        repos=REPOS,
        add="https://example.org/add",
        remove="mailto:me@example.org",
    )
    links = Seen(files["index.html"].decode()).all("a", "href")
    assert {"https://example.org/add", "mailto:me@example.org"} <= set(links)
    unknown = made(fleet(1))["index.html"].decode()
    assert "Add a model" not in unknown
    assert "Remove me" not in unknown


def test_a_tile_shows_a_sentence_that_the_model_wrote_marked_as_machine_generated() -> None:
    hostile = model(1, facts=facts(sample=("<b>My", " </p><script>alert(1)</script>")))
    silent = model(2, facts=facts(sample=None))
    files = made([model(0), hostile, silent])
    text = files["index.html"].decode()
    assert text.count('<p class="sample"><span class="unseen">Machine-generated: </span>') == 2
    assert "<b>My dream is</b> to fly" in text
    assert Seen(text).open == []
    assert [row[12] for row in rows(files)] == [["My dream is", " to fly."], list(hostile.facts.sample), 0]  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize(("people", "faces", "more"), [(1, 1, 0), (4, 4, 0), (5, 4, 1), (8, 4, 4)])
def test_of_many_faces_four_are_shown_and_the_others_counted(people: int, faces: int, more: int) -> None:
    names = [(f"Person {number}", f"@p{number}") for number in range(people)]
    one = page.card(model(facts=facts(*names)), REPOS)
    assert (len(one["faces"]), one["more_faces"]) == (faces, more)
    text = made([model(facts=facts(*names))])["index.html"].decode()
    assert (f">+{more}<" in text) == (more > 0)


def test_an_empty_fleet_is_a_page_that_says_so() -> None:
    files = made([])
    assert list(files) == ["index.html"]
    assert Seen(files["index.html"].decode()).open == []
    assert "No models yet." in files["index.html"].decode()


def test_the_script_reads_the_columns_that_the_data_has() -> None:
    script = find("site/script.js.j2", TEMPLATES).read_text(encoding="utf-8")
    named = re.findall(r"for \(const \[([^\]]*)\] of rows\)", script)[0].split(", ")
    row = data.row_of(model(pictures=("fleet/avatars/a.webp",)))
    told = dict(zip([*named, "head"], row, strict=True))
    assert told["kept"] == 1000
    assert told["base"] == 138.4
    assert told["tuned"] == 49.5
    assert told["least"] == 3.9
    assert told["line"] == "zXMD90"
    assert told["pictures"] == ["fleet/avatars/a.webp"]
    assert told["sample"] == ("My dream is", " to fly.")
    assert told["head"] == "0" * 40
    states = re.findall(r'class="state (\w+)"', made(fleet(1))["index.html"].decode())
    assert set(states) <= set(STATES)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Example", "AE"),
        ("@ada_example", "AE"),
        ("bob", "B"),
        ("🦜", "?"),
        ("", "?"),
        ("a b c", "AB"),
        ("例え", "例"),
    ],
)
def test_initials_stand_for_a_name(name: str, letters: str) -> None:
    assert page.initials(name) == letters


def test_the_line_falls_as_the_loss_does() -> None:
    assert page.points("z0") == "0.0,2.0 120.0,30.0"
    assert page.points("z") == ""
    assert page.points("") == ""
