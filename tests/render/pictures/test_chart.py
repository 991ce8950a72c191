from __future__ import annotations

import io
from pathlib import Path

import pytest
from card_facts import CARDS, manifest
from PIL import Image

from bot.errors import UsageError
from bot.manifest import Point
from bot.render import pictures
from bot.render.pictures import chart


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    assert image.format == "PNG"
    return image


@pytest.mark.parametrize("name", CARDS)
def test_the_curve_has_its_size_and_the_same_bytes_twice(name: str) -> None:
    curve = pictures.loss_curve(CARDS[name])
    assert opened(curve).size == (1200, 560)
    assert curve == pictures.loss_curve(CARDS[name])


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
    assert chart._scale(low, high) == (ticks[0], ticks[-1], ticks)


def test_the_chart_marks_the_best_step_and_the_base() -> None:
    made = chart._chart(CARDS["one"])
    assert (made["best"]["step"], made["best"]["loss"]) == (200, 4.0371)
    assert made["base"]["loss"] == 4.93
    assert made["top"] <= made["base"]["y"] <= made["best"]["y"] <= made["bottom"]


def test_a_template_that_makes_no_svg_is_reported(tmp_path: Path) -> None:
    (tmp_path / "loss.svg.j2").write_text("<svg", encoding="utf-8")
    with pytest.raises(UsageError, match=r"the template loss\.svg\.j2 makes no valid SVG"):
        pictures.loss_curve(CARDS["one"], [tmp_path])
