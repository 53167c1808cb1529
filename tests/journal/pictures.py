"""Pictures as cameras and enemies make them."""

import struct
import zlib
from collections.abc import AsyncIterator
from io import BytesIO

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

PLACE = b"52.379189 4.899431"
"""Stands in every block of a picture that could say where it was taken."""
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>' + PLACE + b"</x:xmpmeta>"
_ORIENTATION, _MAKER, _GPS = 0x0112, 0x010F, 0x8825


def exif(orientation: int = 6) -> bytes:
    """With coordinates, as a phone writes them, and the place in a text beside it."""
    block = Image.Exif()
    block[_ORIENTATION] = orientation
    block[_MAKER] = PLACE.decode()
    block.get_ifd(_GPS).update({1: "N", 2: tuple(IFDRational(n, 7) for n in (367, 158, 315))})
    return block.tobytes()


def picture(kind: str, size: tuple[int, int] = (60, 40), *, orientation: int = 6) -> bytes:
    """With the place in EXIF, XMP, comments and behind the end, wherever that kind has them."""
    image = Image.new("RGB", size, (180, 90, 30))
    image.paste((20, 60, 200), (0, 0, size[0] // 2, size[1] // 2))
    out = BytesIO()
    match kind:
        case "image/jpeg":
            image.save(out, "JPEG", exif=exif(orientation), xmp=_XMP, comment=PLACE, quality=90)
            whole = out.getvalue()
            iptc = b"Photoshop 3.0\0" + PLACE
            block = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
            return whole[:2] + block + whole[2:] + b"a film: " + PLACE
        case "image/png":
            image.save(out, "PNG", exif=exif(orientation))
            whole = out.getvalue()
            text = b"tEXtComment\0" + PLACE
            chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
            return whole[:33] + chunk + whole[33:] + PLACE
        case "image/webp":
            image.save(out, "WEBP", exif=exif(orientation), xmp=_XMP, lossless=True)
            return out.getvalue() + PLACE
        case _:
            image.quantize(16).save(out, "GIF", comment=PLACE)
            whole = out.getvalue()[:-1]
            xmp = b"!\xff\x0bXMP DataXMP" + bytes([len(PLACE)]) + PLACE + b"\0"
            return whole + xmp + b";" + PLACE


def animation() -> bytes:
    """A GIF of three frames that runs for ever."""
    out = BytesIO()
    frames = [Image.new("RGB", (20, 20), (n * 80, 0, 0)) for n in range(3)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], loop=0)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it has ten thousand million pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 1, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1_000_000))
    chunks = (header, data, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in chunks
    )


async def stream(data: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    """As it comes over a network."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
