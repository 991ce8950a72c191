from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from PIL import Image

from bot.render import pictures
from bot.render.pictures.avatars import MAX_AVATAR_BYTES


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
        b"x" * (MAX_AVATAR_BYTES + 1),
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
