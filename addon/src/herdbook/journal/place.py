"""Taking out of a picture where it was taken, and all else that is no picture. Pure.

Nothing is decoded: the parts of a file that make up the picture are kept byte for byte, the others
(EXIF, XMP, IPTC, comments, what is unknown, what follows the end) are left out. A place may stand
in many of them, in ways that cannot all be known. Of EXIF only the orientation stays, in a block of
its own, or the picture would lie on its side.
"""

import re
import struct
import zlib
from typing import Final

from herdbook.errors import InputError, PlaceInside

_JPEG_NEXT: Final = re.compile(rb"\xff[^\x00\xd0-\xd7]")
"""The next marker after a scan, which has escaped bytes and restarts in it."""
_JPEG_TABLES: Final = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0)})
_JPEG_COLOURS: Final = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_PNG_CHUNKS: Final = frozenset(
    (
        *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"),
        *(b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs"),
    )
)
_WEBP_CHUNKS: Final = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_HAS_EXIF: Final = 0x08
_WEBP_HAS_XMP: Final = 0x04
_GIF_REPEATS: Final = frozenset((b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"))
_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = 1
_BEYOND: Final = frozenset(
    ("image/heic", "image/avif", "image/tiff", "image/jxl", "video/mp4", "audio/mp4")
)
"""Kinds that cameras write a place into, and that are not taken apart here."""


def without_place(kind: str, data: bytes) -> bytes:
    """A picture without anything that could say where it was taken; other kinds as they are.

    Raises `PlaceInside` for a kind that may hold a place and cannot be taken apart, `InputError`
    for a picture too damaged for it.
    """
    check_place(kind)
    strip = _STRIPPED.get(kind)
    if strip is None:
        return data
    try:
        return strip(data)
    except (IndexError, struct.error) as error:
        raise InputError(
            "This picture is damaged: what belongs to it cannot be told from the place in it.",
            fix="Open it and save it anew, then add that.",
        ) from error


def check_place(kind: str) -> None:
    """Raise `PlaceInside` for a kind that may hold a place and cannot be taken apart."""
    if kind in _BEYOND:
        raise PlaceInside(
            "Photos and videos of this kind may say where they were taken, and Herdbook cannot "
            "take that out of them.",
            fix="Save it as JPEG, PNG or WebP and add that, or allow it in the settings.",
        )


def _jpeg(data: bytes) -> bytes:
    view = memoryview(data)
    kept: list[bytes | memoryview] = [view[:2]]
    orientation, at = _UPRIGHT, 2
    while True:
        (mark, marker) = struct.unpack_from(">BB", data, at)
        if mark != 0xFF:
            raise IndexError
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0xD9:
            kept.append(view[at : at + 2])
            break
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        body = view[at + 4 : end]
        if marker in _JPEG_TABLES or _begins(body, _JPEG_COLOURS.get(marker)):
            kept.append(view[at:end])
        elif marker == 0xE1 and _begins(body, b"Exif\0\0"):
            orientation = _orientation(bytes(body[6:]))
        at = end
        if marker == 0xDA:
            found = _JPEG_NEXT.search(data, at)
            kept.append(view[at : found.start() if found else len(data)])
            if found is None:  # cut off
                break
            at = found.start()
    if orientation != _UPRIGHT:
        block = b"Exif\0\0" + _exif(orientation)
        first = len(kept) > 1 and bytes(kept[1][:2]) == b"\xff\xe0"
        kept.insert(1 + first, b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block)
    return b"".join(kept)


def _png(data: bytes) -> bytes:
    view = memoryview(data)
    kept: list[bytes | memoryview] = [view[:8]]
    orientation, at = _UPRIGHT, 8
    while at < len(data):
        length, chunk = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if chunk in _PNG_CHUNKS:
            kept.append(view[at:end])
        elif chunk == b"eXIf":
            orientation = _orientation(data[at + 8 : end - 4])
        if chunk == b"IEND":
            break
        at = end
    if orientation != _UPRIGHT:
        block = b"eXIf" + _exif(orientation)
        parts = (struct.pack(">I", len(block) - 4), block, struct.pack(">I", zlib.crc32(block)))
        kept.insert(2, b"".join(parts))
    return b"".join(kept)


def _webp(data: bytes) -> bytes:
    kept: list[bytes] = []
    orientation, at = _UPRIGHT, 12
    end_of_all = min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    while at < end_of_all:
        chunk, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + length % 2
        if chunk in _WEBP_CHUNKS:
            kept.append(data[at:end])
        elif chunk == b"EXIF":
            orientation = _orientation(data[at + 8 : end].removeprefix(b"Exif\0\0"))
        at = end
    if kept and kept[0][:4] == b"VP8X":
        flags = kept[0][8] & ~(_WEBP_HAS_EXIF | _WEBP_HAS_XMP)
        if orientation != _UPRIGHT:
            block = _exif(orientation)
            kept.append(struct.pack("<4sI", b"EXIF", len(block)) + block)
            flags |= _WEBP_HAS_EXIF
        kept[0] = kept[0][:8] + bytes([flags]) + kept[0][9:]
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _gif(data: bytes) -> bytes:
    at = 13 + _colours(data[10])
    kept = [data[:at]]
    while True:
        begin, kind = at, data[at]
        if kind == 0x3B:
            return b"".join(kept) + b";"
        if kind == 0x2C:
            at = _after_blocks(data, at + 11 + _colours(data[at + 9]))
            kept.append(data[begin:at])
        elif kind == 0x21:
            at = _after_blocks(data, at + 2)
            label = data[begin + 1]
            if label == 0xF9 or (label == 0xFF and data[begin + 3 : begin + 14] in _GIF_REPEATS):
                kept.append(data[begin:at])
        else:
            raise IndexError


def _colours(flags: int) -> int:
    """Bytes of a GIF's table of colours, if there is one."""
    return 3 * 2 ** (1 + (flags & 7)) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _begins(body: memoryview, start: bytes | None) -> bool:
    return start is not None and bytes(body[: len(start)]) == start


def _orientation(exif: bytes) -> int:
    """1 to 8; upright where the block does not say, or is damaged."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return _UPRIGHT
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for number in range(count):
            tag, _kind, _count, value = struct.unpack_from(
                f"{order}HHIH", exif, start + 2 + 12 * number
            )
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else _UPRIGHT
    except struct.error:
        pass
    return _UPRIGHT


def _exif(orientation: int) -> bytes:
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)


_STRIPPED: Final = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
}
