"""Fetching the model, when a person says so: the one time that anything of it is downloaded.

Owns which files make it up: each is of one published version, and its bytes are those or it is
refused, wherever they come from. What is there already is not fetched again, not even the first
part of a file. The folder has its name only once all of it is whole.
"""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from herdbook.errors import FetchFailed, InputError, StorageError
from herdbook.files import cannot_write, make_folder, sync_folder, writing

NAME: Final = "all-MiniLM-L6-v2"
_VERSION: Final = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
SOURCE: Final = f"https://huggingface.co/sentence-transformers/{NAME}/resolve/{_VERSION}"
"""Where it is published, under the Apache licence 2.0; a mirror has the same files."""


class Published(NamedTuple):
    """A file: where it is below the source and in the folder, its bytes, and its SHA-256."""

    path: str
    size: int
    sha256: str


FILES: Final = (
    Published(
        "config.json",
        612,
        "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    ),
    Published(
        "tokenizer_config.json",
        350,
        "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    ),
    Published(
        "special_tokens_map.json",
        112,
        "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    ),
    Published(
        "sentence_bert_config.json",
        53,
        "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    ),
    Published(
        "1_Pooling/config.json",
        190,
        "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    ),
    Published(
        "tokenizer.json",
        466_247,
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
    Published(
        "onnx/model.onnx",
        90_405_214,
        "6fd5d72fe4589f189f8ebc006442dbb529bb7ce38f8082112682524616046452",
    ),
)
_PIECE: Final = 1 << 18
_ANSWER_WITHIN_S: Final = 30
_AGAIN: Final = "Run it again: it goes on where it stopped."

Progress = Callable[[int, int], None]
"""Told again and again how many bytes are there, and how many there will be."""


def fetch(
    folder: Path,
    source: str = SOURCE,
    *,
    files: tuple[Published, ...] = FILES,
    progress: Progress = lambda _done, _total: None,
) -> bool:
    """Put the model into `folder`; False where it is already.

    `source` is an address in HTTP or HTTPS with the same files. What has been fetched when this
    ends early waits in ``folder.part``. Raises `FetchFailed`, `StorageError`, and `InputError`
    where something else is in the folder.
    """
    if folder.exists():
        if all(_is_whole(folder / file.path, file) for file in files):
            return False
        raise InputError(
            f"There is something else in {folder}.",
            fix="Name another folder under [search] in llama.toml, or remove this one.",
        )
    part = make_folder(folder.with_name(f"{folder.name}.part"))
    bar = _Bar(sum(file.size for file in files), progress)
    for file in files:
        _bring(part / file.path, file, f"{source}/{file.path}", bar)
    with writing(folder):
        part.rename(folder)
        sync_folder(folder.parent)
    return True


class _Bar:
    """How far all files together have come."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total = total
        self._progress = progress
        self._done = 0

    def advance(self, size: int) -> None:
        self._done += size
        self._progress(self._done, self._total)


def _bring(path: Path, file: Published, address: str, bar: _Bar) -> None:
    make_folder(path.parent)
    there = path.stat().st_size if path.exists() else 0
    if there > file.size:
        path.unlink()
        there = 0
    bar.advance(there)
    if there < file.size:
        _download(address, path, file.size, there, bar)
    if not _is_whole(path, file):
        path.unlink()
        raise FetchFailed(
            f"{address} is not the file that was published: its SHA-256 is another one.",
            fix="Run it again. If it stays so, fetch from another address.",
        )


def _download(address: str, path: Path, size: int, there: int, bar: _Bar) -> None:
    # Only HTTP and HTTPS: the configuration allows no other address.
    request = urllib.request.Request(address)  # noqa: S310
    if there:
        request.add_header("Range", f"bytes={there}-")
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as answer:  # noqa: S310
            if there and answer.status != http.client.PARTIAL_CONTENT:
                bar.advance(-there)
                there = 0
            _keep(answer, path, size, there, bar)
    except urllib.error.HTTPError as error:
        error.close()
        raise FetchFailed(
            f"{address} is answered with {error.code} {error.reason}.",
            fix="Check the address under [search] in llama.toml.",
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise FetchFailed(f"{address} cannot be fetched: {error}.", fix=_AGAIN) from error


def _keep(answer: http.client.HTTPResponse, path: Path, size: int, there: int, bar: _Bar) -> None:
    try:
        file = path.open("ab" if there else "wb")
    except OSError as error:
        raise cannot_write(path, error) from error
    with file:
        while there < size and (piece := answer.read(min(_PIECE, size - there))):
            _write(file, piece, path)
            there += len(piece)
            bar.advance(len(piece))
        with writing(path):
            file.flush()
            os.fsync(file.fileno())
    if there < size:
        raise FetchFailed(f"Only {there} of {size} bytes of {path.name} came.", fix=_AGAIN)


def _write(file: BinaryIO, piece: bytes, path: Path) -> None:
    # What the disk refuses is no fault of the network's.
    with writing(path):
        file.write(piece)


def _is_whole(path: Path, file: Published) -> bool:
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageError(f"Cannot read {path}: {error.strerror}.") from error
