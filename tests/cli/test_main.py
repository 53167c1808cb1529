"""The command line, run as people run it: as a process."""

import signal
import socket
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import pytest

from herdbook.ids import fingerprint_of, node_id_of

_HERDBOOK = [sys.executable, "-m", "herdbook.cli.main"]


def _started(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*_HERDBOOK, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_HERDBOOK, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def ports() -> list[int]:
    """Three ports that are free now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


@pytest.fixture
def llama(tmp_path: Path, ports: list[int]) -> Path:
    config = tmp_path / "llama.toml"
    config.write_text(
        f'data = "llama"\n[panel]\nport = {ports[0]}\n[api]\nport = {ports[1]}\n'
        f"[broker]\nport = {ports[2]}\n"
    )
    return config


@pytest.fixture
def alpaca(tmp_path: Path, ports: list[int]) -> Path:
    config = tmp_path / "alpaca.toml"
    config.write_text(
        f'name = "Hallway"\ndata = "alpaca"\n[broker]\nport = {ports[2]}\n'
        '[[sensor]]\nkind = "system"\n'
    )
    return config


def test_without_a_command_it_says_what_there_is() -> None:
    result = _run()
    assert result.returncode == 2
    assert "llama" in result.stderr
    assert "alpaca" in result.stderr


def test_the_token_is_made_once_and_for_its_owner_only(llama: Path, tmp_path: Path) -> None:
    first, second = (
        _run("llama", "token", "--config", llama),
        _run("llama", "token", "--config", llama),
    )
    assert first.returncode == 0
    assert first.stdout == second.stdout
    assert len(first.stdout.strip()) >= 43
    mode = (tmp_path / "llama" / "api_token").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_an_alpaca_tells_its_id_before_it_ever_ran(alpaca: Path) -> None:
    first, second = (
        _run("alpaca", "id", "--config", alpaca),
        _run("alpaca", "id", "--config", alpaca),
    )
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    node_id, fingerprint = first.stdout.split()
    assert fingerprint == fingerprint_of(node_id)
    assert len(node_id) == len(node_id_of(b""))


def test_an_alpaca_tells_where_its_page_is_and_what_opens_it(alpaca: Path, tmp_path: Path) -> None:
    without = _run("alpaca", "page", "--config", alpaca)
    assert without.returncode == 2
    assert "have no [page]" in without.stderr
    alpaca.write_text(alpaca.read_text() + "[page]\nport = 8481\n")
    shown = _run("alpaca", "page", "--config", alpaca)
    token = (tmp_path / "alpaca" / "page_token").read_text().strip()
    assert shown.stdout.split() == ["Open", "http://127.0.0.1:8481/", "Token", token]


def test_a_page_on_all_addresses_is_told_by_those_that_a_phone_can_open(
    alpaca: Path, tmp_path: Path
) -> None:
    alpaca.write_text(alpaca.read_text() + '[page]\nport = 8481\nhost = "0.0.0.0"\n')
    shown = _run("alpaca", "page", "--config", alpaca).stdout
    assert "http://127.0.0.1:8481/" in shown, "this machine's own"
    assert "//0.0.0.0" not in shown


@pytest.mark.parametrize(
    ("part", "content", "words"),
    [
        ("llama", None, "Cannot read"),
        ("llama", "data = [", "is not valid TOML"),
        ("llama", "", "missing required field `data`"),
        ("llama", 'data = "x"\nport = 1', "unknown field `port`"),
        ("llama", 'data = "x"\n[panel]\nport = 70000', "at “panel.port”"),
        ("llama", 'data = "x"\ntime_zone = "Mars/Olympus"', "is not a known time zone"),
        ("llama", 'data = "x"\nbase_path = "journal"', "at “base_path”"),
        ("llama", 'data = "x"\n[broker]\nhost = ""', "at “broker.host”"),
        ("llama", 'data = "~nobody_at_all/x"', "no such folder"),
        ("llama", r'data = "a\u0000b"', "at “data”"),
        ("alpaca", None, "Cannot read"),
        ("alpaca", 'name = "x"', "missing required field"),
        ("alpaca", 'name = "x"\ndata = "y"\n[[sensor]]\nkind = "magic"', "magic"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(
    tmp_path: Path, part: str, content: str | None, words: str
) -> None:
    config = tmp_path / "settings.toml"
    if content is not None:
        config.write_text(content)
    result = _run(part, "run", "--config", config)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("part", "module", "install"),
    [
        ("llama", "aiohttp", "“herdbook[llama,alpaca]”"),
        ("alpaca", "aiomqtt", "“herdbook[llama,alpaca]”"),
        ("alpaca", "psutil", "“herdbook[alpaca]”"),
    ],
)
def test_a_part_that_is_not_installed_says_how_to_install_it(
    part: str, module: str, install: str, request: pytest.FixtureRequest
) -> None:
    config: Path = request.getfixturevalue(part)
    program = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from herdbook.cli.main import main\n"
        f"sys.exit(main([{part!r}, 'run', '--config', {str(config)!r}]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 2
    assert module in result.stderr
    assert install in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("which", [0, 1])
def test_a_taken_port_is_named(llama: Path, ports: list[int], which: int) -> None:
    with socket.create_server(("127.0.0.1", ports[which])):
        result = _run("llama", "run", "--config", llama)
    assert result.returncode == 1
    assert f"Port {ports[which]} of 127.0.0.1 is taken" in result.stderr
    assert f"under [{('panel', 'api')[which]}]" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_lost_identity_is_not_silently_replaced(llama: Path, tmp_path: Path) -> None:
    (tmp_path / "llama").mkdir()
    (tmp_path / "llama" / "house.db").touch()
    result = _run("llama", "run", "--config", llama)
    assert result.returncode == 1
    assert "identity is missing" in result.stderr
    assert "Restore it from a backup" in result.stderr
    assert not (tmp_path / "llama" / "identity").exists()


def test_half_a_token_is_refused(llama: Path, tmp_path: Path) -> None:
    (tmp_path / "llama").mkdir()
    (tmp_path / "llama" / "api_token").write_text("half\n")
    result = _run("llama", "token", "--config", llama)
    assert result.returncode == 2
    assert "half a token" in result.stderr


@pytest.mark.parametrize("part", ["llama", "alpaca"])
def test_it_starts_without_a_broker_and_stops_cleanly(
    part: str, request: pytest.FixtureRequest
) -> None:
    config: Path = request.getfixturevalue(part)
    with subprocess.Popen(
        [*_HERDBOOK, part, "run", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith(f"Herdbook {part.title()} ready:")
            second = _run(part, "run", "--config", config)
            assert second.returncode == 1
            assert "Another Herdbook process works in" in second.stderr
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0, log
    assert "No MQTT broker at 127.0.0.1" in log
    assert "Traceback" not in log


def test_an_alpaca_and_its_llama_need_no_broker(tmp_path: Path, ports: list[int]) -> None:
    """Both as processes, until the one waits at the other's door."""
    panel, api, herd = ports
    llama, alpaca = tmp_path / "llama.toml", tmp_path / "alpaca.toml"
    llama.write_text(
        f'data = "llama"\nbroker = false\n[panel]\nport = {panel}\n[api]\nport = {api}\n'
        f"[herd]\nport = {herd}\n"
    )
    alpaca.write_text(
        f'name = "Hallway"\ndata = "alpaca"\n[llama]\nurl = "http://127.0.0.1:{herd}"\n'
        '[[sensor]]\nkind = "system"\n'
    )
    with ExitStack() as running:
        processes = []
        for part, config in (("llama", llama), ("alpaca", alpaca)):
            process = running.enter_context(_started(part, "run", "--config", config))
            running.callback(process.kill)
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert "ready" in ready
            processes.append(process)
        keeper, node = processes
        fingerprint = fingerprint_of(ready.split()[-1])
        assert node.stderr is not None
        patience = Timer(30, node.kill)
        patience.start()
        running.callback(patience.cancel)
        for line in node.stderr:
            if f"a person has to approve it, by its fingerprint {fingerprint}" in line:
                break
        said = []
        for process in (node, keeper):
            process.send_signal(signal.SIGTERM)
            said.append(process.communicate(timeout=20)[1])
    assert (keeper.returncode, node.returncode) == (0, 0), said
    assert f"Alpacas are listened for at http://127.0.0.1:{herd}" in said[1]
    assert "MQTT" not in said[1]
    assert "Traceback" not in "".join(said)
