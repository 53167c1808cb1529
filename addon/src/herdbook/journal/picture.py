"""What a picture looks like small, and whether it is one at all. Owns Pillow.

A file is somebody else's: it may be cut off, lie about itself, or unfold into more than a small
machine holds. So its size is known before anything is decoded, one picture is decoded at a time,
and whatever does not decode is no picture.
"""

import struct
import threading
from io import BytesIO
from typing import Final

import msgspec
from PIL import Image, ImageOps

THUMBNAIL: Final = 640
"""Pixels of a thumbnail's longer side, at most."""
PIXELS: Final = 32_000_000
"""Of a picture that is decoded whole: at four bytes each what a small machine can spare."""
_PIXELS_IN_ROWS: Final = 110_000_000
"""Of a JPEG whose rows come one after the other, made smaller while it is decoded."""
_SCANS: Final = 100
"""Of a progressive JPEG: each takes as long as the whole picture; cameras write about ten."""
_PROFILE_LIMIT: Final = 16 * 1024
_FORMATS: Final = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}
# What Pillow raises for files that are damaged on purpose, as far as fuzzing has shown.
_DAMAGE: Final = (
    *(ArithmeticError, AttributeError, AssertionError, EOFError, LookupError, MemoryError),
    *(OSError, RuntimeError, SyntaxError, TypeError, ValueError, struct.error),
)
_ONE_AT_A_TIME: Final = threading.Lock()

# Pixels are counted here; Pillow would only warn, and in a place of its own choosing.
Image.MAX_IMAGE_PIXELS = None


class Look(msgspec.Struct, frozen=True):
    """A picture's size in pixels, the way up it is shown, and its thumbnail: WebP."""

    width: int
    height: int
    thumbnail: bytes


def look_at(kind: str, data: bytes) -> Look | None:
    """How a picture looks; None for one that is damaged, too large or of another kind.

    Blocks while it is decoded, and while others are.
    """
    if kind not in _FORMATS or (kind == "image/webp" and not _webp_fits(data)):
        return None
    if kind == "image/jpeg" and data.count(b"\xff\xda") > _SCANS:
        return None
    with _ONE_AT_A_TIME:
        try:
            with Image.open(BytesIO(data), formats=(_FORMATS[kind],)) as image:
                return _look(image)
        except _DAMAGE:
            return None


def _look(image: Image.Image) -> Look | None:
    in_rows = image.format == "JPEG" and not image.info.get("progressive")
    width, height = image.size
    if not 0 < width * height <= (_PIXELS_IN_ROWS if in_rows else PIXELS):
        return None
    image.draft("RGB", (THUMBNAIL, THUMBNAIL))
    image.load()
    if image.getexif().get(0x0112) in {5, 6, 7, 8}:
        width, height = height, width
    upright = ImageOps.exif_transpose(image)
    profile = upright.info.get("icc_profile") if upright.mode in {"RGB", "RGBA"} else None
    upright.thumbnail((THUMBNAIL, THUMBNAIL))
    upright = _in_colours(upright)
    small = BytesIO()
    options = {} if not profile or len(profile) > _PROFILE_LIMIT else {"icc_profile": profile}
    upright.save(small, "WEBP", quality=74, method=4, **options)
    return Look(width, height, small.getvalue())


def _in_colours(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Sixteen bits to a grey; the upper eight are seen.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _webp_fits(data: bytes) -> bool:
    """Whether a WebP says it has few enough pixels: its decoder takes room for all at once."""
    try:
        if data[12:16] == b"VP8X":
            width = int.from_bytes(data[24:27], "little") + 1
            height = int.from_bytes(data[27:30], "little") + 1
        elif data[12:16] == b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        else:
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    except struct.error:
        return False
    return 0 < width * height <= PIXELS
