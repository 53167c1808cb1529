"""Whose a file is that was written durably."""

import os
from pathlib import Path

import pytest

from herdbook.files import replace_file

# Root may give files away; everybody else's are their own anyway.
OWNER = 65534 if os.geteuid() == 0 else os.geteuid()


def test_what_root_writes_in_somebodys_folder_is_theirs(tmp_path: Path) -> None:
    """As by “sudo herdbook alpaca page” before the service has made its token."""
    os.chown(tmp_path, OWNER, -1)
    replace_file(tmp_path / "page_token", b"abcd\n")
    written = (tmp_path / "page_token").stat()
    assert (written.st_uid, written.st_mode & 0o777) == (OWNER, 0o600)


def test_what_root_replaces_stays_whose_it_was(tmp_path: Path) -> None:
    """As by “sudo herdbook alpaca init --overwrite”, in a folder that is root's."""
    settings = tmp_path / "alpaca.toml"
    settings.touch(mode=0o600)
    os.chown(settings, OWNER, -1)
    replace_file(settings, b'name = "Attic"\n')
    assert settings.stat().st_uid == OWNER
    assert settings.read_bytes() == b'name = "Attic"\n'


def test_where_nothing_can_be_given_away_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a share whose mount says whose all files are."""

    def refuse(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    replace_file(tmp_path / "vault.export", b"sealed")
    assert (tmp_path / "vault.export").read_bytes() == b"sealed"
