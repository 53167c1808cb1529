"""What stands in another process's memory: all that it, or anything in it, ever wrote and not over.

The process must be one's own and dumpable, or the reader root.
"""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path


def image_of(pid: int) -> bytes:
    """Every writable mapping, one after the other; the rest is program files as they are on disk.

    The process goes on meanwhile: what moves may be missed, or be there twice.
    """
    return b"".join(_mappings(Path(f"/proc/{pid}")))


def forms_of(text: str) -> list[bytes]:
    """A text as UTF-8, and as CPython holds it within one that has characters beyond Latin-1."""
    return [text.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-32-le")]


def _mappings(process: Path) -> Iterator[bytes]:
    memory = os.open(process / "mem", os.O_RDONLY)
    try:
        for line in (process / "maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if rights.startswith("rw"):
                start, end = (int(number, 16) for number in span.split("-"))
                yield b"".join(_pieces(memory, start, end))
    finally:
        os.close(memory)


def _pieces(memory: int, start: int, end: int) -> Iterator[bytes]:
    """A mapping's content; guard pages of a stack and what is behind a file's end have none."""
    while start < end:
        try:
            piece = os.pread(memory, end - start, start)
        except OSError:
            piece = b""
        yield piece
        start += len(piece) or mmap.PAGESIZE
