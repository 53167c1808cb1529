"""The systemd unit, and the script that installs it, below a folder: this machine is left alone."""

import shutil
import stat
import subprocess
import sys
import tomllib
from configparser import RawConfigParser
from pathlib import Path

import pytest

from herdbook.cli.unit import NAME, unit_text
from tests.mosquitto import free_port

INSTALL = Path(__file__).parents[2] / "scripts" / "install-alpaca"
# What a uv would bring: a program that is this very Herdbook.
FAKE_UV = f"""#!/bin/sh
mkdir -p "$UV_TOOL_BIN_DIR"
echo "$@" >"$UV_TOOL_DIR.asked"
printf '#!/bin/sh\\nexec {sys.executable} -m herdbook.cli.main "$@"\\n' >"$UV_TOOL_BIN_DIR/herdbook"
chmod 755 "$UV_TOOL_BIN_DIR/herdbook"
"""


def sections(text: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign] # keys keep their case
    parser.read_string(text)
    return parser


def text(**changes: object) -> str:
    values = {
        "command": Path("/bin/true"),
        "config": Path("/etc/herdbook-of-nobody/alpaca.toml"),
        "data": Path("/var/lib/herdbook/node"),
        "user": "root",
        "groups": ["video"],
    }
    return unit_text(**values | changes)  # type: ignore[arg-type]


def test_it_runs_what_it_was_made_for(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    changes = {"command": Path("/opt/a b/her%d$"), "config": tmp_path / "alpaca.toml"}
    service = sections(text(**changes, data=Path("/mnt/disk/a b")))["Service"]
    assert service["ExecStart"] == (
        f"'/opt/a b/her%%d$$' alpaca run --config {tmp_path}/alpaca.toml"
    )
    assert service["Type"] == "notify"
    assert service["LoadCredential"] == f"herdbook:{tmp_path}/credentials"
    assert service["ReadWritePaths"] == "'-/mnt/disk/a b'"
    assert service["SupplementaryGroups"] == "video"


def test_what_is_missing_is_not_named_for_it_would_keep_it_from_starting() -> None:
    unit = text(groups=[])
    for key in ("SupplementaryGroups", "LoadCredential", "ReadWritePaths"):
        assert f"\n{key}=" not in unit
    assert "@" not in unit.replace("@system-service", "")


def test_it_is_hardened_and_still_may_ask_the_clock() -> None:
    service = sections(text())["Service"]
    for key in ("NoNewPrivileges", "PrivateTmp", "ProtectKernelModules", "RestrictNamespaces"):
        assert service[key] == "yes"
    assert (service["ProtectSystem"], service["Restart"]) == ("strict", "always")
    assert "adjtimex" in service["SystemCallFilter"]
    assert "ProtectClock" not in service
    assert service["SupplementaryGroups"] == "video"
    assert int(service["WatchdogSec"]) >= 60, "a sensor that hangs for a while is no reason"


def test_it_runs_with_the_settings_that_every_command_finds(tmp_path: Path) -> None:
    """As “init” wrote them, by hand and without root."""
    config = tmp_path / ".config" / "herdbook" / "alpaca.toml"
    config.parent.mkdir(parents=True)
    config.write_text('name = "Hallway"\ndata = "/srv/node"\n[[sensor]]\nkind = "system"\n')
    printed = subprocess.run(
        [sys.executable, "-m", "herdbook.cli.main", "alpaca", "unit"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=tmp_path,
        env={"HOME": str(tmp_path)},
    )
    service = sections(printed.stdout)["Service"]
    assert service["ExecStart"].endswith(f" alpaca run --config {config}")
    assert service["ReadWritePaths"] == "-/srv/node"
    assert str(config) in printed.stderr


def test_systemd_takes_it(tmp_path: Path) -> None:
    unit = tmp_path / NAME
    unit.write_text(text(data=Path("/mnt/a disk")))
    assert sections(text()).sections() == ["Unit", "Service", "Install"]
    if shutil.which("systemd-analyze") is None:  # where there is no systemd, nobody needs the unit
        return
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    # Older ones do not know how to restart ever more slowly, and say so.
    said = [line for line in verified.stderr.splitlines() if "Restart" not in line]
    assert (verified.returncode, said) == (0, [])


class Root:
    """A folder that stands for the root of a machine, and the script that installs below it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "root"
        tools = folder / "tools"
        tools.mkdir()
        (tools / "uv").write_text(FAKE_UV)
        (tools / "uv").chmod(0o755)
        for name in ("systemctl", "useradd", "apt-get", "chown", "runuser"):
            (tools / name).write_text(f"#!/bin/sh\ntouch {folder}/touched\n")
            (tools / name).chmod(0o755)
        self.touched = folder / "touched"
        self._environ = {
            "PATH": f"{tools}:/usr/bin:/bin",
            "DESTDIR": str(self.path),
            "HOME": str(folder),
        }

    def install(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(INSTALL), *options],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # without a terminal
        )

    def read(self, path: str) -> str:
        return (self.path / path).read_text(encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_the_script_installs_upgrades_and_removes(root: Root) -> None:
    broker = ("--broker-host", "127.0.0.1", "--broker-port", str(free_port()))
    beside = ("--with", "./herdbook-barrel", "--with", "other")
    first = root.install(
        "--i2c", "--model", "--source", "/src", *beside, "--yes", "--name", "Hallway", *broker
    )
    assert first.returncode == 0, first.stderr
    said = " ".join(first.stderr.split())
    assert "nobody listens there" in said, "what does not work yet is said"
    assert "alpaca run" not in said, "the service does that"
    asked = root.read("opt/herdbook/tools.asked")
    assert (
        "--python 3.13 --with ./herdbook-barrel --with other herdbook[alpaca,i2c,model] @ /src"
        in asked
    )
    settings = tomllib.loads(root.read("etc/herdbook/alpaca.toml"))
    assert (settings["name"], settings["data"]) == ("Hallway", "/var/lib/herdbook")
    for path, mode in (("etc/herdbook/alpaca.toml", 0o600), ("etc/herdbook/credentials", 0o700)):
        assert stat.S_IMODE((root.path / path).stat().st_mode) == mode
    assert str((root.path / "usr/local/bin/herdbook").readlink()) == "/opt/herdbook/bin/herdbook"
    unit = sections(root.read(f"etc/systemd/system/{NAME}"))["Service"]
    assert unit["ExecStart"].startswith("/usr/local/bin/herdbook alpaca run")
    assert unit["User"] == "herdbook"

    again = root.install("--yes", "--name", "Other", *broker)
    assert again.returncode == 0, again.stderr
    assert tomllib.loads(root.read("etc/herdbook/alpaca.toml")) == settings

    removed = root.install("--remove")
    assert removed.returncode == 0, removed.stderr
    assert not (root.path / "opt/herdbook").exists()
    assert not (root.path / "etc/systemd/system" / NAME).exists()
    assert (root.path / "etc/herdbook/alpaca.toml").exists(), "settings stay"
    assert not root.touched.exists(), "the machine itself was left alone"


def test_without_settings_nothing_is_started(root: Root) -> None:
    result = root.install()
    assert result.returncode == 1
    assert "There is no terminal to ask on" in result.stderr
    assert "there are no settings (exit code 2)" in result.stderr
    assert not (root.path / "etc/systemd/system" / NAME).exists()


def test_half_a_download_does_nothing(root: Root, tmp_path: Path) -> None:
    lines = INSTALL.read_text(encoding="utf-8").splitlines(keepends=True)
    for part in range(0, len(lines) - 1, 7):
        half = tmp_path / "half"
        half.write_text("".join(lines[:part]), encoding="utf-8")
        subprocess.run(["bash", str(half)], env=root._environ, capture_output=True, check=False)
    assert not root.path.exists()
    assert not root.touched.exists()
