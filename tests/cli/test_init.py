"""``herdbook alpaca init``, on a real terminal and without one, with a real mosquitto."""

import json
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zeroconf
from hypothesis import given
from hypothesis import strategies as st

from herdbook.cli.toml_text import document_text
from tests.cli.terminal import Terminal
from tests.mosquitto import Mosquitto, free_port

HERDBOOK = [sys.executable, "-m", "herdbook.cli.main", "alpaca"]


class Place:
    """A folder to write in, a home, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "etc" / "alpaca.toml"
        self.environ = {"HOME": str(folder), "PYTHONUTF8": "1", "TERM": "xterm"}

    def options(self, *more: str) -> list[str]:
        data = str(self.folder / "data")
        return [*HERDBOOK, "init", "--config", str(self.config), "--data", data, *more]

    def run(self, *more: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.options("--look", "0", *more),
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=self.environ,
            cwd=self.folder,
        )

    def terminal(self, *more: str) -> Terminal:
        return Terminal(self.options("--look", "0", *more), self.folder, self.environ)

    def written(self) -> dict[str, Any]:
        return tomllib.loads(self.config.read_text(encoding="utf-8"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    passwords = tmp_path / "passwords"
    program = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
    subprocess.run([program, "-b", "-c", passwords, "alpaca", "gehe\\im"], check=True)
    extra = f"allow_anonymous false\npassword_file {passwords}"
    with Mosquitto(tmp_path / "mosquitto", extra=extra) as server:
        yield server


def test_a_person_is_asked_and_the_file_is_tried_out(place: Place, guarded: Mosquitto) -> None:
    with place.terminal() as terminal:
        terminal.expect("What is this node called [")
        terminal.type("Hallway")
        terminal.expect("What does it report to?")
        terminal.expect("1  an MQTT broker, such as Home Assistant's")
        terminal.expect("2  a Llama, without a broker")
        terminal.expect("Number [1]: ")
        terminal.type("5")
        terminal.expect("Please give a number from 1 to 2.")
        terminal.type("1")
        terminal.expect("Host of the MQTT broker [")
        terminal.type(guarded.host)
        terminal.expect("Encrypt with TLS [no]: ")
        terminal.type("")
        terminal.expect("Port [1883]: ")
        terminal.type(str(guarded.port))
        terminal.expect("User name, if it wants one: ")
        terminal.type("alpaca")
        terminal.expect("Password: ")
        terminal.type("gehe\\im")
        terminal.expect("What shall it read?")
        terminal.expect("Numbers [all]: ")
        terminal.type("")
        terminal.expect("What shall it write in?")
        terminal.expect("1  English")
        terminal.expect("Number [1]: ")
        terminal.type("2")
        terminal.expect("Shall it show a page of its own in a browser?")
        terminal.expect("Number [1]: ")
        terminal.type("3")
        terminal.expect("lets this node in.")
        terminal.expect("works  CPU-Auslastung: ")
        assert terminal.end() == 0
        assert "Run it with “herdbook alpaca run" in terminal.shown
        assert "herdbook alpaca page" in terminal.shown, "what opens it"
        assert "gehe" not in terminal.shown
        assert "FAILS" not in terminal.shown
        assert terminal.widest <= 80 or str(place.config) in terminal.shown
    assert place.written() == {
        "name": "Hallway",
        "data": str(place.folder / "data"),
        "broker": {
            "host": guarded.host,
            "port": guarded.port,
            "username": "alpaca",
            "password": "gehe\\im",
        },
        "sensor": [{"kind": "system"}],
        "language": "de",
        "page": {"host": "0.0.0.0"},
    }
    assert stat.S_IMODE(place.config.stat().st_mode) == 0o600
    assert not (place.folder / "data").exists(), "trying it out makes nothing"


def test_without_questions_it_writes_in_the_language_of_who_calls(place: Place) -> None:
    place.environ["LANG"] = "fr_FR.UTF-8"
    broker = ("--broker-host", "127.0.0.1", "--broker-port", str(free_port()))
    place.run("--yes", *broker)
    assert (place.written()["language"], "page" in place.written()) == ("fr", False)
    place.run("--yes", "--overwrite", "--language", "nl", "--page", "here", *broker)
    assert (place.written()["language"], place.written()["page"]) == ("nl", {})


@pytest.mark.parametrize("at", ["called [", "Number [1]", "User name", "Password", "Numbers [all]"])
def test_ctrl_c_leaves_nothing_half(place: Place, at: str) -> None:
    with place.terminal() as terminal:
        for question, answer in (
            ("called [", ""),
            ("Number [1]", ""),
            ("Host", "127.0.0.1"),
            ("TLS", ""),
            ("Port", ""),
            ("User name", "alpaca"),
            ("Password", "secret"),
            ("Numbers [all]", ""),
        ):
            terminal.expect(question)
            if question == at:
                break
            terminal.type(answer)
        terminal.interrupt()
        assert terminal.end() == 130
        assert "Traceback" not in terminal.shown
    assert not place.config.parent.exists()


def test_a_file_that_is_there_is_replaced_only_when_somebody_says_so(place: Place) -> None:
    place.config.parent.mkdir()
    place.config.write_text("mine")
    with place.terminal() as terminal:
        terminal.expect("Replace it [no]: ")
        terminal.type("perhaps")
        terminal.expect("Please answer yes or no.")
        terminal.type("")
        assert terminal.end() == 1
    refused = place.run("--yes", "--broker-host", "127.0.0.1")
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    assert place.config.read_text() == "mine"
    replaced = place.run("--yes", "--overwrite", "--broker-host", "127.0.0.1")
    assert "Written:" in replaced.stderr
    assert place.written()["broker"] == {"host": "127.0.0.1", "port": 1883}


def test_options_answer_everything(place: Place, guarded: Mosquitto) -> None:
    where = ["--broker-host", guarded.host, "--broker-port", str(guarded.port)]
    who = ["--broker-username", "alpaca", "--broker-password-file", "-"]
    given = ["--yes", "--json", "--name", "Küche", "--sensor", "system", *where, *who]
    right = place.run(*given, text="gehe\\im\n")
    assert right.returncode == 0, right.stderr
    found = json.loads(right.stdout)
    assert found["file"] == str(place.config)
    assert all(one["works"] for one in found["tried"])
    assert place.written()["name"] == "Küche"
    wrong = place.run(*given, "--overwrite", text="wrong\n")
    assert wrong.returncode == 1, "written, and something does not work"
    [broker, *_] = json.loads(wrong.stdout)["tried"]
    assert "it refuses this user name or password" in broker["words"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "No MQTT broker and no Llama announces itself"),
        (["--broker-host", "x", "--name", " "], "at “name”"),
        (["--llama-url", "llama"], "in [llama]"),
        (["--broker-host", "x", "--broker-port", "99999"], "in [broker] at “port”"),
        (["--broker-host", "x", "--sensor", "radar"], "A node has to read something"),
        (["--broker-host", "x", "--broker-password-file", "/nowhere"], "Cannot read /nowhere"),
    ],
)
def test_nothing_is_written_that_would_be_refused(
    place: Place, options: list[str], words: str
) -> None:
    result = place.run("--yes", *options)
    assert result.returncode == 2
    assert words in result.stderr
    assert not place.config.exists()


def test_without_a_terminal_nobody_is_asked(place: Place) -> None:
    result = place.run()
    assert result.returncode == 2
    assert "--yes" in result.stderr


def test_a_llama_that_is_there_is_told_from_another_program(place: Place) -> None:
    result = place.run("--yes", "--json", "--llama-url", f"http://127.0.0.1:{free_port()}")
    assert result.returncode == 1
    assert "nobody listens there" in json.loads(result.stdout)["tried"][0]["words"]
    assert place.written()["llama"] == {"url": place.written()["llama"]["url"]}


def test_what_announces_itself_is_offered(place: Place) -> None:
    port = free_port()
    name = f"Llama of {port}"
    service = "_herdbook._tcp.local."
    info = zeroconf.ServiceInfo(
        service, f"{name}.{service}", port=port, parsed_addresses=["127.0.1.1", "192.0.2.250"]
    )
    multicast = zeroconf.Zeroconf()
    try:
        multicast.register_service(info)
        with Terminal(place.options(), place.folder, place.environ) as terminal:
            terminal.expect("called [")
            terminal.type("")
            offered = terminal.expect("Number [1]: ")
            line = re.search(rf"(\d+)  the Llama {name}, http://192.0.2.250:{port}\r\n", offered)
            assert line is not None, offered
            terminal.type(line[1])
            terminal.expect("Numbers [all]: ")
            terminal.type("1")
            for _ in ("its language", "its page"):
                terminal.expect("Number [1]: ")
                terminal.type("")
            terminal.expect("Written:")
    finally:
        multicast.unregister_service(info)
        multicast.close()
    assert place.written()["llama"] == {"url": f"http://192.0.2.250:{port}"}


def test_what_is_written_is_read_again() -> None:
    document = {
        "name": 'A "quoted" \\ näme \x7f\t🦙',
        "number": 0.5,
        "nothing": None,
        "flag": True,
        "broker": {"port": 1883, "ca": None, "a key": [1, 2.5, "x"]},
        "sensor": [{"kind": "system"}, {"kind": "file", "table": {"a": {"b": False}}}],
    }
    read = tomllib.loads(document_text(document))
    document.pop("nothing")
    document["broker"] = {"port": 1883, "a key": [1, 2.5, "x"]}
    assert read == document


VALUES = st.recursive(
    st.text() | st.integers(-(2**53), 2**53) | st.booleans() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=3), min_size=1, max_size=3))
def test_whatever_a_table_holds_is_read_again(tables: list[dict[str, object]]) -> None:
    assert tomllib.loads(document_text({"sensor": tables})) == {"sensor": tables}
