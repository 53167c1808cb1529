"""Fetching the model from a real server on this machine, which may break off or lie."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from demo.minilm import minilm
from herdbook.embedding import fetch as fetching
from herdbook.embedding.fetch import FILES, Published, fetch
from herdbook.embedding.folder import read_folder
from herdbook.errors import FetchFailed, InputError, StorageError


def published(path: str, content: bytes) -> Published:
    return Published(path, len(content), hashlib.sha256(content).hexdigest())


CONTENTS = {"config.json": b"{}", "onnx/model.onnx": bytes(range(256)) * 4_000}
SMALL = tuple(published(path, content) for path, content in CONTENTS.items())
SIZE = sum(file.size for file in SMALL)


@dataclass
class Mirror:
    """What is served, what is asked for, and after how many bytes an answer breaks off."""

    address: str
    contents: dict[str, bytes]
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    breaks_after: int | None = None
    knows_ranges: bool = True


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, wanted = self.path.removeprefix("/files/"), self.headers["Range"]
            served.asked.append((path, wanted))
            content = served.contents.get(path)
            if content is None:
                self.send_error(404)
                return
            begin = int(wanted[len("bytes=") : -1]) if wanted and served.knows_ranges else 0
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(content) - begin))
            self.end_headers()
            self.wfile.write(content[begin:][: served.breaks_after])

        def log_message(self, *_: object) -> None:
            """Tests say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Mirror(f"http://127.0.0.1:{server.server_port}/files", dict(CONTENTS))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_all_of_it_comes_and_is_said(tmp_path: Path, mirror: Mirror) -> None:
    told: list[tuple[int, int]] = []
    folder = tmp_path / "model"
    assert fetch(folder, mirror.address, files=SMALL, progress=lambda *at: told.append(at))
    assert files_in(folder) == CONTENTS
    assert list(tmp_path.iterdir()) == [folder]
    assert told == sorted(told)
    assert told[-1] == (SIZE, SIZE)
    assert len(told) > len(SMALL), "large files are told of in between"
    assert not fetch(folder, mirror.address, files=SMALL)
    assert len(mirror.asked) == len(SMALL), "what is there is not fetched again"


def test_it_goes_on_where_it_stopped(tmp_path: Path, mirror: Mirror) -> None:
    folder = tmp_path / "model"
    mirror.breaks_after = 300_000
    with pytest.raises(FetchFailed, match="goes on where it stopped"):
        fetch(folder, mirror.address, files=SMALL)
    assert not folder.exists(), "it has its name only when it is whole"
    mirror.breaks_after = None
    told: list[tuple[int, int]] = []
    assert fetch(folder, mirror.address, files=SMALL, progress=lambda *at: told.append(at))
    assert files_in(folder) == CONTENTS
    assert mirror.asked[-1] == ("onnx/model.onnx", "bytes=300000-")
    assert [path for path, _ in mirror.asked].count("config.json") == 1
    assert told[-1] == (SIZE, SIZE)


def test_a_server_that_knows_no_ranges_sends_all_again(tmp_path: Path, mirror: Mirror) -> None:
    folder = tmp_path / "model"
    mirror.breaks_after, mirror.knows_ranges = 300_000, False
    with pytest.raises(FetchFailed):
        fetch(folder, mirror.address, files=SMALL)
    mirror.breaks_after = None
    told: list[tuple[int, int]] = []
    assert fetch(folder, mirror.address, files=SMALL, progress=lambda *at: told.append(at))
    assert files_in(folder) == CONTENTS
    assert told[-1] == (SIZE, SIZE)


def test_another_file_than_the_published_one_is_refused(tmp_path: Path, mirror: Mirror) -> None:
    folder = tmp_path / "model"
    mirror.contents["onnx/model.onnx"] = CONTENTS["onnx/model.onnx"][:-1] + b"!"
    with pytest.raises(FetchFailed, match="SHA-256 is another"):
        fetch(folder, mirror.address, files=SMALL)
    assert not folder.exists()
    assert files_in(tmp_path) == {"model.part/config.json": b"{}"}, "nothing of it is kept"
    mirror.contents["onnx/model.onnx"] = CONTENTS["onnx/model.onnx"] + b"and more"
    assert fetch(folder, mirror.address, files=SMALL)
    assert files_in(folder) == CONTENTS, "what comes after the end is not looked at"


def test_what_is_not_there_is_said(tmp_path: Path, mirror: Mirror) -> None:
    del mirror.contents["config.json"]
    with pytest.raises(FetchFailed, match="404"):
        fetch(tmp_path / "model", mirror.address, files=SMALL)
    with pytest.raises(FetchFailed, match="cannot be fetched"):
        fetch(tmp_path / "model", "http://127.0.0.1:1/files", files=SMALL)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, mirror: Mirror) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="something else"):
        fetch(tmp_path, mirror.address, files=SMALL)
    assert files_in(tmp_path) == {"mine.txt": b"mine"}
    assert mirror.asked == []


def test_a_place_that_takes_nothing_is_the_disks_fault(tmp_path: Path, mirror: Mirror) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        fetch(tmp_path / "file" / "model", mirror.address, files=SMALL)


def test_the_published_model_is_the_one_that_search_is_tested_with(
    tmp_path: Path, mirror: Mirror
) -> None:
    """All but the ONNX file, which is built here from the same weights."""
    mirror.contents = files_in(minilm())
    mirror.contents["onnx/model.onnx"] = mirror.contents.pop("model.onnx")
    onnx = published("onnx/model.onnx", mirror.contents["onnx/model.onnx"])
    files = (*(file for file in FILES if file.path != onnx.path), onnx)
    assert len(files) == len(FILES)
    assert fetch(tmp_path / "model", mirror.address, files=files)
    assert read_folder(tmp_path / "model").dimensions == 384


def test_the_addresses_name_one_version() -> None:
    assert fetching.SOURCE.startswith("https://")
    assert len(fetching.SOURCE.rpartition("/")[2]) == 40
    assert len({file.path for file in FILES}) == len(FILES)
