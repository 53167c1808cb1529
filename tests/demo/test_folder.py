import socket
from pathlib import Path

import pytest

from demo.errors import DemoError
from demo.folder import Folder
from demo.ports import port_for


def test_remembers_over_two_starts(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder:
        secret, (port, _) = folder.secret("password"), port_for(folder, "panel")
    with Folder(tmp_path) as folder:
        assert folder.secret("password") == secret
        assert port_for(folder, "panel") == (port, None)
    assert (tmp_path / "remembered.json").stat().st_mode & 0o077 == 0


def test_holds_one_demo(tmp_path: Path) -> None:
    with Folder(tmp_path), pytest.raises(DemoError, match="running already"), Folder(tmp_path):
        pass


def test_moves_from_a_port_that_somebody_took(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder:
        port, _ = port_for(folder, "panel")
        with socket.create_server(("127.0.0.1", port)):
            moved, before = port_for(folder, "panel")
        assert before == port
        assert moved != port
        assert port_for(folder, "panel") == (moved, None)
