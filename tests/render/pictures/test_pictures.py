from __future__ import annotations

import io
import itertools
import random
import struct
import zlib
from pathlib import Path

import pytest
from card_facts import ADA, BOB, CARDS, account, manifest
from PIL import Image

from bot.errors import UsageError
from bot.manifest import Manifest, Point, Sample
from bot.render import pictures
from bot.render.pictures import typeset


def photo(size: tuple[int, int] = (400, 300), kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#cc3344").save(out, kind)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    assert image.format == "PNG"
    return image


PLACEHOLDER = pictures.avatar(None)


def test_an_avatar_is_round_and_of_one_size() -> None:
    image = opened(pictures.avatar(photo()))
    assert (image.size, image.mode) == ((184, 184), "RGBA")
    assert image.getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert image.getpixel((92, 92)) == (204, 51, 68, 255)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_the_usual_formats_are_read(kind: str) -> None:
    assert pictures.avatar(photo(kind=kind)) != PLACEHOLDER


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1"])
def test_other_colour_modes_are_read(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (50, 80)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert pictures.avatar(out.getvalue()) != PLACEHOLDER


def test_an_avatar_carries_nothing_else_of_the_file() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", (300, 300)).save(out, "JPEG", exif=exif, comment=b"secret")
    made = pictures.avatar(out.getvalue())
    assert opened(made).info.keys() <= {"transparency"}
    assert b"home" not in made
    assert b"secret" not in made


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"\x00" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        png(100_000, 100_000, chunk(b"IDAT", zlib.compress(b"\0" * 100))),
        png(5000, 5000, chunk(b"IDAT", zlib.compress(b"\0" * 100))),
        photo((4001, 4000)),
        png(0, 0),
        png(10, 10, chunk(b"IDAT", b"not zlib")),
        png(10, 10, chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 200_000_000, 9)), chunk(b"IDAT", b"")),
        photo()[:60],
        photo(kind="GIF")[:20],
        photo(kind="JPEG")[:100],
        b"x" * (pictures.MAX_AVATAR_BYTES + 1),
    ],
    ids=str,
)
def test_what_is_no_picture_becomes_the_placeholder(data: bytes | None) -> None:
    assert pictures.avatar(data) == PLACEHOLDER


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_damaged_files_never_raise(kind: str) -> None:
    chance = random.Random(kind)
    whole = photo((64, 64), kind=kind)
    for _ in range(25):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        assert opened(pictures.avatar(bytes(data[: chance.randint(8, len(data))]))).size == (184, 184)


def faces(made: Manifest) -> dict[str, bytes]:
    return {one.avatar: pictures.avatar(photo()) for one in made.accounts if one.avatar}


@pytest.mark.parametrize("name", CARDS)
def test_pictures_have_their_sizes_and_the_same_bytes_twice(name: str) -> None:
    made = CARDS[name]
    preview = pictures.social_preview(made, faces(made))
    assert opened(preview).size == (1200, 630)
    assert preview == pictures.social_preview(made, faces(made))
    curve = pictures.loss_curve(made)
    assert opened(curve).size == (1200, 560)
    assert curve == pictures.loss_curve(made)


NINE = [account(f"user{number}", "🦜 Ω漢 مثال" * 40) for number in range(9)]


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
def test_nothing_overflows_the_social_preview(made: Manifest) -> None:
    image = opened(pictures.social_preview(made, faces(made))).convert("RGB")
    # The outermost pixels show the background's gradient only: neighbours differ by next to nothing.
    for x in (4, 1195):
        column = [image.getpixel((x, y)) for y in range(630)]
        for above, below in itertools.pairwise(column):
            assert isinstance(above, tuple)
            assert isinstance(below, tuple)
            assert max(abs(a - b) for a, b in zip(above, below, strict=True)) < 16


def test_the_preview_says_machine_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    original = typeset.block

    def remembering(text: str, *args: float, **options: bool) -> object:
        drawn.append(text)
        return original(text, *args, **options)

    monkeypatch.setattr(typeset, "block", remembering)
    pictures.social_preview(CARDS["two"], {})
    assert "🤖 machine-generated" in drawn
    assert "Bob | Example" in drawn
    assert "AI cyborg" in drawn


def drawn_by(made: Manifest, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The last size at which each text of the social preview was set."""
    sizes: dict[str, float] = {}
    original = typeset.block

    def remembering(text: str, size: float, *args: float, **options: bool) -> object:
        sizes[text] = size
        return original(text, size, *args, **options)

    monkeypatch.setattr(typeset, "block", remembering)
    pictures.social_preview(made, {})
    return sizes


def test_names_of_a_cyborg_share_one_size_and_a_long_one_makes_all_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = drawn_by(CARDS["two"], monkeypatch)
    assert short["Bob | Example"] == short["Ada Example"] == 30
    long = drawn_by(manifest([account("eve", "Eve of the very long name in here"), ADA]), monkeypatch)
    assert long["Ada Example"] == long["Eve of the very long name in here"] < 30


def test_a_withheld_sample_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Sample(prompt="My dream is", text="SECRET", seed=1, copied=True)
    assert not [text for text in drawn_by(manifest(samples=(secret,)), monkeypatch) if "SECRET" in text]
    assert any(
        "learned to write from tweets" in text for text in drawn_by(manifest(samples=(secret,)), monkeypatch)
    )


@pytest.mark.parametrize(
    "curve",
    [
        (),
        (Point(step=0, epoch=0, train=None, held_out=4.9),),
        (Point(step=0, epoch=0, train=None, held_out=4.9), Point(step=9, epoch=1, train=None, held_out=4.9)),
        (
            Point(step=1, epoch=0, train=0.001, held_out=None),
            Point(step=100_000, epoch=9, train=12.5, held_out=None),
        ),
    ],
)
def test_odd_curves_are_drawn_too(curve: tuple[Point, ...]) -> None:
    assert opened(pictures.loss_curve(manifest(curve=curve))).size == (1200, 560)


def test_a_training_loss_measured_once_is_a_dot_and_one_never_measured_is_not_in_the_key() -> None:
    start = Point(step=0, epoch=0, train=None, held_out=4.9)
    end = Point(step=9, epoch=1, train=4.5, held_out=4.0)
    key = (0, 0, 1200, 80)
    plot = (0, 80, 1200, 560)

    def is_orange(part: tuple[int, int, int, int], *curve: Point) -> bool:
        picture = opened(pictures.loss_curve(manifest(curve=curve))).convert("RGB").crop(part)
        colours = picture.getcolors(picture.width * picture.height) or ()
        return any(colour == (194, 87, 26) for _, colour in colours)

    assert is_orange(plot, start, end)
    assert is_orange(key, start, end)
    assert not is_orange(key, start, end.model_copy(update={"train": None}))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (3.25, 4.93, [3.0, 3.5, 4.0, 4.5, 5.0]),
        (3.9, 3.9, [3.9, 3.91, 3.92, 3.93, 3.94, 3.95]),
        (0, 240, [0, 50, 100, 150, 200, 250]),
    ],
)
def test_axes_have_round_marks(low: float, high: float, ticks: list[float]) -> None:
    assert pictures._scale(low, high) == (ticks[0], ticks[-1], ticks)


def test_the_chart_marks_the_best_step_and_the_base() -> None:
    chart = pictures._chart(CARDS["one"])
    assert (chart["best"]["step"], chart["best"]["loss"]) == (200, 4.0371)
    assert chart["base"]["loss"] == 4.93
    assert chart["top"] <= chart["base"]["y"] <= chart["best"]["y"] <= chart["bottom"]


def test_a_template_that_makes_no_svg_is_told(tmp_path: Path) -> None:
    (tmp_path / "loss.svg.j2").write_text("<svg", encoding="utf-8")
    with pytest.raises(UsageError, match=r"the template loss\.svg\.j2 makes no valid SVG"):
        pictures.loss_curve(CARDS["one"], [tmp_path])
