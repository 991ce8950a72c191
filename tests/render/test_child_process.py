"""Templates of a stranger, rendered by the command itself under hard limits; each failure names its template."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from card_facts import manifest
from limits import run_limited

from bot import registry
from bot.errors import Problem, TemplateError
from bot.registry import Registry
from bot.render import child_process, preview, publication, sample_manifest
from bot.render.child_process import Renderer

REGISTRY = """\
version: 1
namespace: org
contact: https://example.org/removal
policy: {consent: off}
x: {terms_acknowledged: true}
models:
  - {handles: [ada], template: mine}
  - {handles: [bob]}
"""
MEMORY = "takes more (?:memory than there is|than the 1 GiB of memory)"
TIME = "it takes more than the 4 s of CPU time"
DEEP = "nested too deeply"


def write(folder: Path, template: str, name: str = "mine.md.j2") -> Registry:
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / name).write_text(template)
    (folder / "registry.yaml").write_text(REGISTRY)
    return registry.load(folder / "registry.yaml")


@pytest.mark.parametrize(
    ("template", "where", "why"),
    [
        ("a\n{{ 'a' * 2000000000 }}", ":2", MEMORY),
        ("{{ 'a'.center(2000000000) }}", ":1", MEMORY),
        ("{{ '%0999999999d' % 1 }}", "", f"{MEMORY}|{TIME}"),
        ("a\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", ":2", TIME),
        ("{% for a in range(10000) %}{{ lipsum(n=100) }}{% endfor %}", "", TIME),
        ("{% macro a() %}{{ a() }}{% endmacro %}\n{{ a() }}", "", DEEP),
        ("{% include 'mine.md.j2' %}", ":1", DEEP),
        ("{% if 1 %}" * 2000 + "{% endif %}" * 2000, "", DEEP),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "", DEEP),
        (
            "{% for a in range(99999) %}{{ 'a' * 99999 }}{% endfor %}",
            "",
            "makes more than 128 million characters",
        ),
    ],
)
def test_a_template_without_measure_is_named_and_the_other_card_is_shown(
    template: str, where: str, why: str, tmp_path: Path
) -> None:
    write(tmp_path, template)
    run = run_limited(["preview", "--out", "page.html", "--hub", "dir:hub"], tmp_path)
    assert run.code == 1, run.said
    assert run.said.startswith(
        "2 cards in page.html, 1 of sample facts\norg/ada: this card cannot be rendered: "
    )
    page = html.unescape(re.sub(r"base64,[\w+/=]+|<[^>]*>", "", (tmp_path / "page.html").read_text()))
    assert re.search(rf"templates/mine\.md\.j2{where or '(:[0-9]+)?'}: .*(?:{why})", page)
    assert "@bob" in page


def card(renderer: Renderer, found: Registry, number: int) -> bytes | Path:
    entry = found.entries[number]
    made = sample_manifest.sample(entry, found)
    return renderer.render(made, entry, found, {}, {}, {})[publication.CARD]


def test_what_is_rendered_elsewhere_is_what_is_rendered_here(tmp_path: Path) -> None:
    found = write(tmp_path, "Hello {{ name }}")
    made = sample_manifest.sample(found.entries[1], found)
    files = publication.render(made, found.entries[1], found, {}, {}, {"license": "mit"})
    with Renderer() as renderer:
        assert renderer.render(made, found.entries[1], found, {}, {}, {"license": "mit"}) == files
        shown = preview.Card("org/bob", bytes(files[publication.CARD]).decode(), files)  # type: ignore[arg-type]
        assert renderer.show(shown) == {
            key: [list(item) if isinstance(item, tuple) else item for item in value]
            if key == "facts"
            else value
            for key, value in preview.shown(shown).items()
        }


def test_a_failure_of_a_template_is_a_value_with_its_place(tmp_path: Path) -> None:
    found = write(tmp_path, "one\n\n{{ nothing }}\n")
    with Renderer() as renderer, pytest.raises(TemplateError) as caught:
        card(renderer, found, 0)
    error = caught.value
    path, message = str(tmp_path / "templates/mine.md.j2"), "'nothing' is undefined; see templates/README.md"
    assert error.problems == (Problem(path, 3, 1, message),)
    assert str(error) == f"{path}:3: {message}"


def test_a_template_that_takes_too_much_is_tried_once(tmp_path: Path) -> None:
    found = write(tmp_path, "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")
    with Renderer(total_s=3) as renderer:
        refusals = []
        for _ in range(2):
            with pytest.raises(TemplateError) as caught:
                card(renderer, found, 0)
            refusals.append(str(caught.value))
    assert refusals[0] == refusals[1]
    assert f"{tmp_path}/templates/mine.md.j2:1: it takes more than" in refusals[0]


def test_a_picture_that_never_ends_is_killed_and_cards_share_one_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blur = '<filter id="f"><feGaussianBlur stdDeviation="90"/></filter>'
    blurred = f'{blur}<rect width="1200" height="630" filter="url(#f)"/>'
    write(tmp_path, f'<svg xmlns="http://www.w3.org/2000/svg">{blurred * 2000}</svg>', "predictions.svg.j2")
    found = write(tmp_path, "Hello")
    with Renderer(total_s=2) as renderer:
        with pytest.raises(
            TemplateError, match=r"mine\.md\.j2: it takes .*or it is predictions\.svg\.j2 beside it"
        ):
            card(renderer, found, 0)
        with pytest.raises(TemplateError, match="used up the 2 s of CPU time"):
            card(renderer, found, 1)


def test_a_process_that_dies_is_made_again(tmp_path: Path) -> None:
    found = write(tmp_path, "{{ 'a' * 10 }}")
    with Renderer() as renderer:
        card(renderer, found, 0)
        assert renderer._process is not None
        renderer._process.kill()
        with pytest.raises(TemplateError, match="it takes more than the 4 s"):
            card(renderer, found, 0)
        assert card(renderer, found, 1)


def test_the_other_process_gets_nothing_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    found = write(tmp_path, "Hello")
    with Renderer() as renderer:
        card(renderer, found, 0)
        assert renderer._process is not None
        environment = Path(f"/proc/{renderer._process.pid}/environ")
        if environment.exists():  # Linux
            assert b"canary" not in environment.read_bytes()


def test_an_answer_too_late_or_of_another_shape_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = write(tmp_path, "Hello")
    monkeypatch.setattr(child_process, "WALL_S", 0.0)
    with Renderer() as renderer, pytest.raises(TemplateError, match="it took more than 0 s"):
        card(renderer, found, 0)
    monkeypatch.setattr(child_process, "WALL_S", 120.0)
    monkeypatch.setattr(child_process, "_SERVE", "print('x' * 8, flush=True); print('y' * 99)")
    with Renderer() as renderer, pytest.raises(TemplateError):
        card(renderer, found, 0)


def test_published_facts_are_rendered_with_the_same_bounds(tmp_path: Path) -> None:
    found = write(tmp_path, "Hello {{ name }}")
    with Renderer() as renderer:
        files = renderer.render(manifest(), found.entries[0], found, {}, {}, {})
    assert b"Hello" in bytes(files[publication.CARD])
