"""A program under strace: which files it opens for writing or makes, and what it writes."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_MAKE = "openat,open,creat,openat2,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir"
_WRITE = "write,pwrite64,writev,pwritev,pwritev2"
# With -xx every string of strace's is hexadecimal, and nothing in it looks like its syntax.
_CALL = re.compile(r"\d+ +(\w+)\((.*)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FILE = re.compile(r"(?:\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>")


@dataclass(slots=True)
class Traced:
    """`made` are the files and folders, without devices; `written` are files and pieces of them.

    What goes to standard output is in `said` and not in `written`.
    """

    made: set[str] = field(default_factory=set)
    written: list[tuple[str, bytes]] = field(default_factory=list)
    said: bytes = b""


def trace(
    program: Path, *arguments: str | Path, log: Path, contents: bool, env: Mapping[str, str]
) -> Traced:
    """Run a program to its end. What it writes is kept with `contents`: that makes a long log."""
    strace = shutil.which("strace")
    assert strace, "strace is missing: apt-get install strace"
    calls = f"{_MAKE},{_WRITE}" if contents else _MAKE
    result = subprocess.run(
        [
            *(strace, "-f", "-qq", "-xx", "-y", "-s", str(4 << 20), "-o", log),
            *("-e", f"trace={calls}", "-e", "signal=none"),
            *(sys.executable, "-B", program, *arguments),
        ],
        check=True,
        timeout=120,
        stdout=subprocess.PIPE,
        env=env,
    )
    traced = Traced(said=result.stdout)
    with log.open(encoding="ascii") as lines:
        for line in lines:
            _read(line, traced)
    return traced


def _read(line: str, traced: Traced) -> None:
    found = _CALL.match(line)
    if found is None:  # the end of a call whose beginning was read
        assert "resumed>" in line, line
        return
    name, rest = found.groups()
    if name in _WRITE.split(","):
        file = _FILE.match(rest)
        assert file is not None, line
        path = _decoded(file[1]).decode()
        if path.startswith("/"):
            traced.written += [(path, _decoded(piece)) for piece in _STRING.findall(rest)]
        else:
            assert path.startswith(("pipe:", "anon_inode:", "socket:")), path
        return
    reads = "open" in name and "O_WRONLY" not in rest and "O_RDWR" not in rest
    if reads or "= -1" in rest:
        return
    assert "O_TMPFILE" not in rest, line
    names = {_decoded(piece).decode() for piece in _STRING.findall(rest)}
    traced.made |= {name for name in names if not name.startswith("/dev/")}


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
