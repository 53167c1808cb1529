"""Nothing in plain: every file that a vault's whole life opens or makes, as the kernel sees it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LIFE = Path(__file__).with_name("life.py")
_CALLS = "openat,open,creat,openat2,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir"
_NAME = re.compile(r'"([^"]*)"')
_ALLOWED = re.compile(
    r"vaults/\.?[0-9a-f]{32}"
    r"(/(journal\.db(-wal|-shm|-journal)?|inbox\.db(-journal)?|header\.json|\.header\.json\.[0-9a-f]{8}))?"
)


@pytest.fixture(scope="module")
def strace() -> str:
    found = shutil.which("strace")
    assert found, "strace is missing: apt-get install strace"
    return found


def test_a_vaults_life_writes_only_sealed_files(strace: str, tmp_path: Path) -> None:
    vaults, log = tmp_path / "vaults", tmp_path / "log"
    vaults.mkdir()
    subprocess.run(
        [
            *(strace, "-f", "-qq", "-s", "4096", "-o", log, "-e", f"trace={_CALLS}"),
            *(sys.executable, "-B", LIFE, vaults),
        ],
        check=True,
        timeout=120,
    )
    made = set()
    for line in log.read_text().splitlines():
        writes = "open" not in line or "O_WRONLY" in line or "O_RDWR" in line
        if not writes or "= -1" in line or "resumed>" in line:
            continue
        assert "O_TMPFILE" not in line, line
        for name in _NAME.findall(line):
            if not name.startswith("/dev/"):
                made.add(name.removeprefix(f"{tmp_path}/"))
    names = {Path(name).name for name in made}
    assert {"journal.db", "journal.db-wal", "inbox.db", "inbox.db-journal"} <= names
    assert [name for name in made if not _ALLOWED.fullmatch(name)] == []
    for file in vaults.rglob("*"):
        assert file.is_dir() or b"canary" not in file.read_bytes()
