"""A photo or file of an entry, and what may become one. Pure."""

import unicodedata
from typing import Final

import msgspec

from herdbook.errors import FilesTooMany, FileTooLarge, FileUnknown, TextTooLong

SIZE_LIMIT: Final = 15 * 1024**2
"""Bytes of one file. Home Assistant's ingress takes 16 MiB at once, forms and all."""
ENTRY_LIMIT: Final = 20
"""Files of one entry."""
DESCRIPTION_LIMIT: Final = 300
"""Characters of a description."""
_NAME_LIMIT: Final = 100
_ENDING_LIMIT: Final = 12
_NAMELESS: Final = "file"
# What Windows allows in no name; slashes part folders, of which nothing is kept.
_FORBIDDEN: Final = str.maketrans(dict.fromkeys('<>:"|?*', "_"))

PICTURES: Final = ("image/jpeg", "image/png", "image/webp", "image/gif")
"""Kinds of pictures that are looked into and shown."""
THUMBNAIL_KIND: Final = "image/webp"
UNKNOWN: Final = "application/octet-stream"
_HEIC: Final = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_AVIF: Final = (b"avif", b"avis")


class File(msgspec.Struct, frozen=True):
    """A file as it is kept. `kind` is a media type, told from its first bytes.

    `width` and `height` are those of a picture that can be shown, in pixels; of others None.
    """

    id: str
    added_ms: int
    name: str
    description: str
    kind: str
    size: int
    sha256: bytes
    width: int | None
    height: int | None

    @property
    def is_picture(self) -> bool:
        """Whether it can be shown: it was decoded when it came."""
        return self.width is not None

    def size_within(self, width: int, height: int) -> tuple[int, int]:
        """A picture's size in pixels where there is so much room; it is not made larger."""
        own = self.width or 1, self.height or 1
        scale = min(width / own[0], height / own[1], 1)
        return max(1, round(own[0] * scale)), max(1, round(own[1] * scale))


def kind_of(head: bytes) -> str:
    """The media type that a file's first 64 bytes tell; what it is called is not asked."""
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        if head[8:12] in _HEIC:
            return "image/heic"
        if head[8:12] in _AVIF:
            return "image/avif"
        return "audio/mp4" if head[8:12] == b"M4A " else "video/mp4"
    return UNKNOWN


def clean_name(text: str) -> str:
    """A name as it is kept, fit for every file system: no folders, nothing that cannot be seen.

    A name that is too long loses its middle, not its ending; one of nothing is “file”.
    """
    last = text.encode("utf-8", "replace").decode().replace("\\", "/").rpartition("/")[2]
    name = unicodedata.normalize("NFC", last[: 4 * _NAME_LIMIT]).translate(_FORBIDDEN)
    # Unseen letters could turn the ending round: “exe.jpg” would be a program's name.
    seen = "".join(one if unicodedata.category(one)[0] != "C" else " " for one in name)
    name = " ".join(seen.split()).strip(". ")
    if len(name) > _NAME_LIMIT:
        stem, dot, ending = name.rpartition(".")
        ending = dot + ending if stem and len(ending) <= _ENDING_LIMIT else ""
        name = name[: _NAME_LIMIT - len(ending)].rstrip(". ") + ending
    return name or _NAMELESS


def clean_description(text: str) -> str:
    """A description as it is kept, on one line; maybe empty. Raises `TextTooLong`."""
    seen = "".join(
        one if unicodedata.category(one) not in {"Cc", "Cs"} else " "
        for one in text[: 8 * DESCRIPTION_LIMIT]
    )
    description = " ".join(seen.split())
    if len(text) > 8 * DESCRIPTION_LIMIT or len(description) > DESCRIPTION_LIMIT:
        raise TextTooLong(
            f"A description has at most {DESCRIPTION_LIMIT} characters.",
            fix="Write the rest into the entry.",
        )
    return description


def file_unknown() -> FileUnknown:
    """What is raised where a file is not, or not any more."""
    return FileUnknown(
        "This file is not in the journal.",
        fix="It was removed, perhaps on another device. Go to its day again.",
    )


def too_large() -> FileTooLarge:
    """What is raised for a file of more than `SIZE_LIMIT` bytes."""
    return FileTooLarge(
        f"A file has at most {SIZE_LIMIT // 1024**2} MiB; this one has more.",
        fix="Make it smaller, or keep it elsewhere and write down where.",
    )


def too_many() -> FilesTooMany:
    """What is raised for a file too many."""
    return FilesTooMany(
        f"An entry has at most {ENTRY_LIMIT} files.", fix="Put the others into another entry."
    )


_STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\xff\x0a", "image/jxl"),
    (b"\x00\x00\x00\x0cJXL ", "image/jxl"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
