"""What is left of a picture once it does not say any more where it was taken."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from herdbook.errors import InputError, PlaceInside
from herdbook.journal.file import PICTURES, kind_of
from herdbook.journal.picture import look_at
from herdbook.journal.place import without_place
from tests.journal.pictures import PLACE, animation, picture

GPS = 0x8825


def _shown(data: bytes) -> tuple[tuple[int, int], bytes]:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    return image.size, image.tobytes()


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_picture_looks_as_before_and_says_no_place(kind: str, orientation: int) -> None:
    before = picture(kind, orientation=orientation)
    assert PLACE in before
    assert kind_of(before[:64]) == kind
    after = without_place(kind, before)
    assert PLACE not in after
    assert _shown(after) == _shown(before)
    exif = Image.open(io.BytesIO(after)).getexif()
    assert dict(exif) == ({} if orientation == 1 or kind == "image/gif" else {0x0112: orientation})
    assert exif.get_ifd(GPS) == {}
    assert without_place(kind, after) == after


def test_colours_and_frames_stay() -> None:
    profile = b"a profile of colours" * 20
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", progressive=True, icc_profile=profile, dpi=(72, 72))
    still = Image.open(io.BytesIO(without_place("image/jpeg", out.getvalue())))
    assert (still.info["icc_profile"], still.info["dpi"]) == (profile, (72, 72))
    moving = Image.open(io.BytesIO(without_place("image/gif", animation())))
    assert (moving.n_frames, moving.info["loop"]) == (3, 0)
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (n, 0, 0)) for n in (0, 90, 180)]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], exif=b"Exif\0\0" + PLACE)
    after = without_place("image/webp", out.getvalue())
    assert PLACE not in after
    assert Image.open(io.BytesIO(after)).n_frames == 3


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"\0\0\0\x18ftypavif", "image/avif"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/mp4"),
        (b"II*\0", "image/tiff"),
    ],
)
def test_what_cannot_be_rid_of_its_place_is_not_taken(head: bytes, kind: str) -> None:
    assert kind_of(head.ljust(64, b"\0")) == kind
    with pytest.raises(PlaceInside):
        without_place(kind, head)


def test_other_files_stay_as_they_are() -> None:
    for data in (b"<html><script>", b"%PDF-1.7", b"plain words"):
        assert without_place(kind_of(data), data) == data


def test_blocks_that_lie_about_their_length_are_refused() -> None:
    for data in (b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xe1\x00\x00", b"\xff\xd8\xffx\0\0\0\0"):
        with pytest.raises(InputError, match="damaged"):
            without_place("image/jpeg", data)


CUTS = st.integers(0, 3_000)
CHANGES = st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 255)), max_size=12)


@given(kind=st.sampled_from(PICTURES), cut=CUTS, changes=CHANGES)
@settings(deadline=None, max_examples=400)
def test_however_damaged_it_is_refused_or_taken_and_never_breaks_anything(
    kind: str, cut: int, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(picture(kind))
    for at, value in changes:
        data[12 + at % (len(data) - 12)] = value
    damaged = bytes(data[: max(12, len(data) - cut)])
    try:
        after = without_place(kind, damaged)
    except InputError:
        return
    look = look_at(kind, after)
    assert look is None or look.thumbnail[8:12] == b"WEBP"


@given(st.binary(max_size=200))
def test_bytes_of_chance_are_no_pictures(data: bytes) -> None:
    for kind, start in (
        ("image/jpeg", b"\xff\xd8\xff"),
        ("image/png", b"\x89PNG\r\n\x1a\n"),
        ("image/webp", b"RIFF" + struct.pack("<I", len(data)) + b"WEBP"),
        ("image/gif", b"GIF89a"),
    ):
        assert look_at(kind, start + data) is None
