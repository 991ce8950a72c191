from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import pytest
from card_facts import ADA, BOB, CARDS, account, manifest
from PIL import Image

from bot.io.paths import TEMPLATES
from bot.manifest import Manifest, Sample
from bot.registry.templates import find, template_digest
from bot.render import pictures
from bot.render.pictures import poster, typeset

PICTURES = {"preview": pictures.social_preview, "square": pictures.square}


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    assert image.format == "PNG"
    return image


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "#cc3344").save(out, "PNG")
    return out.getvalue()


def faces(made: Manifest) -> dict[str, bytes]:
    return {one.avatar: pictures.avatar(photo()) for one in made.accounts if one.avatar}


@pytest.mark.parametrize("name", CARDS)
def test_pictures_have_their_sizes_and_the_same_bytes_twice(name: str) -> None:
    made = CARDS[name]
    for draw, size in ((pictures.social_preview, (1200, 630)), (pictures.square, (1080, 1080))):
        picture = draw(made, faces(made))
        assert opened(picture).size == size
        assert picture == draw(made, faces(made))


NINE = [account(f"user{number}", "🦜 Ω漢 مثال" * 40) for number in range(9)]


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize(
    "made",
    [
        manifest(NINE),
        manifest([*NINE, ADA, BOB]),
        manifest(samples=()),
        manifest([account("blank", "\u3164", avatar=None)]),
        manifest(samples=tuple(Sample(prompt="P" * 3000, text="漢" * 3000, seed=1) for _ in range(9))),
        manifest(samples=(Sample(prompt="", text="", seed=1),)),
        manifest([account("evil", "</svg><script>\ud800\x00\ufffe&lt;")]),
    ],
)
def test_nothing_overflows(made: Manifest, kind: str) -> None:
    image = opened(PICTURES[kind](made, faces(made))).convert("RGB")
    # Below the band the outermost pixels show the background's gradient only: neighbours differ by next to nothing.
    for x in (4, image.width - 5):
        column = [image.getpixel((x, y)) for y in range(90, image.height)]
        for above, below in itertools.pairwise(column):
            assert isinstance(above, tuple)
            assert isinstance(below, tuple)
            assert max(abs(a - b) for a, b in zip(above, below, strict=True)) < 16


def drawn_by(made: Manifest, kind: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The last size at which each text of the picture was set."""
    sizes: dict[str, float] = {}
    original = typeset.block

    def remembering(text: str, size: float, *args: float, **options: Any) -> object:
        sizes[text] = size
        return original(text, size, *args, **options)

    monkeypatch.setattr(typeset, "block", remembering)
    PICTURES[kind](made, {})
    return sizes


@pytest.mark.parametrize("kind", PICTURES)
def test_the_picture_says_machine_generated_and_whom_it_imitates(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = drawn_by(CARDS["two"], kind, monkeypatch)
    assert "🤖 AI cyborg: machine-generated, not their words" in drawn
    assert {"Bob | Example", "Ada Example", "my-org/ada_example-bob_example"} <= drawn.keys()


@pytest.mark.parametrize("kind", PICTURES)
def test_what_is_read_at_a_quarter_of_the_width_is_large(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = CARDS["one"].samples[0]
    assert drawn_by(CARDS["one"], kind, monkeypatch)[first.prompt + first.text] >= 56


def test_names_of_a_cyborg_share_one_size_and_a_long_one_makes_all_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = drawn_by(CARDS["two"], "preview", monkeypatch)
    assert short["Bob | Example"] == short["Ada Example"] == 46
    eve = "Eve of the very long name that goes on in here"
    long = drawn_by(manifest([account("eve", eve), ADA]), "preview", monkeypatch)
    assert long["Ada Example"] == long[eve] < 46


def test_of_more_than_nine_people_the_last_place_says_how_many_are_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert poster._variables(manifest(NINE), {}, (1, 1))["not_pictured"] == 0
    variables = poster._variables(manifest([*NINE, ADA, BOB]), {}, (1, 1))
    assert (len(variables["pictures"]), variables["not_pictured"]) == (8, 3)
    assert "+3" in drawn_by(manifest([*NINE, ADA, BOB]), "preview", monkeypatch)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_withheld_sample_is_not_drawn(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Sample(prompt="My dream is", text="SECRET", seed=1, copied=True)
    drawn = drawn_by(manifest(samples=(secret,)), kind, monkeypatch)
    assert not [text for text in drawn if "SECRET" in text]
    assert any("learned to write from tweets" in text for text in drawn)


def test_a_restyled_part_of_the_pictures_is_used_and_renders_cards_again(tmp_path: Path) -> None:
    part = find("poster.svg.j2", TEMPLATES).read_text(encoding="utf-8")
    (tmp_path / "poster.svg.j2").write_text(part.replace("#ffd166", "#ff0000"), encoding="utf-8")
    folders = [tmp_path, *TEMPLATES]
    assert template_digest("model_card", folders) != template_digest("model_card", TEMPLATES)
    for draw in PICTURES.values():
        picture = opened(draw(CARDS["one"], {}, folders)).convert("RGB")
        assert picture.getpixel((4, 4)) == (255, 0, 0)
