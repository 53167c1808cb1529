"""Pictures small: the right way up, and nothing that unfolds into too much."""

import io
import struct
import tracemalloc

import pytest
from PIL import Image

from herdbook.journal.file import PICTURES
from herdbook.journal.picture import THUMBNAIL, look_at
from tests.journal.pictures import bomb, picture


@pytest.mark.parametrize("kind", PICTURES)
def test_a_thumbnail_is_small_and_the_right_way_up(kind: str) -> None:
    look = look_at(kind, picture(kind, (1600, 1000), orientation=6))
    assert look is not None
    turned = kind != "image/gif"
    assert (look.width, look.height) == ((1000, 1600) if turned else (1600, 1000))
    small = Image.open(io.BytesIO(look.thumbnail))
    assert max(small.size) == THUMBNAIL
    assert (small.height > small.width) == turned
    # The blue corner, upper left as it was taken, is turned to the right.
    blue = small.convert("RGB").getpixel((small.width - 20, 20) if turned else (20, 20))
    assert isinstance(blue, tuple)
    assert blue[2] > 120 > blue[0]
    assert "exif" not in small.info


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_colour_has_a_thumbnail(mode: str) -> None:
    out = io.BytesIO()
    kind = "image/jpeg" if mode == "CMYK" else "image/png"
    Image.new(mode, (30, 20)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    look = look_at(kind, out.getvalue())
    assert look is not None
    assert (look.width, look.height) == (30, 20)


def test_a_small_picture_is_not_made_larger() -> None:
    look = look_at("image/png", picture("image/png", (6, 4), orientation=1))
    assert look is not None
    assert Image.open(io.BytesIO(look.thumbnail)).size == (6, 4)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_that_is_cut_off_is_none(kind: str) -> None:
    whole = picture(kind, (400, 300), orientation=1)
    assert look_at(kind, whole[: len(whole) // 2]) is None


def test_a_picture_of_another_kind_is_none() -> None:
    assert look_at("image/png", picture("image/jpeg")) is None
    assert look_at("image/svg+xml", b"<svg/>") is None


def test_bombs_are_not_unfolded() -> None:
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x3f\x00" * 2
    vast = b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas
    tracemalloc.start()
    try:
        assert look_at("image/png", bomb()) is None
        assert look_at("image/webp", vast) is None
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_jpeg_of_a_thousand_scans_is_not_decoded() -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    at = data.rindex(b"\xff\xda")
    assert look_at("image/jpeg", data) is not None
    assert look_at("image/jpeg", data[:at] + data[at:-2] * 1_000 + data[-2:]) is None
