from pathlib import Path

import pytest

from herdbook.alpaca.address import LlamaSettings
from herdbook.alpaca.config import load
from herdbook.alpaca.discovery import all_parts
from herdbook.alpaca.page.settings import PageSettings
from herdbook.alpaca.sensors.file import FileConfig
from herdbook.alpaca.sensors.opening import open_sensors
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.room import RoomConfig
from herdbook.alpaca.sensors.system import SystemConfig
from herdbook.broker import BrokerSettings
from herdbook.errors import ConfigError
from herdbook.eventlog.curiosity import Wants
from tests.fakes.clock import ManualClock

TOP = 'name = "Hallway"\ndata = "node"\n'
FILE = '[[sensor]]\nkind = "file"\nid = "boiler"\nname = "Boiler"\npath = "/dev/null"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "alpaca.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    config = load(
        write(
            tmp_path,
            TOP + '[broker]\nport = 1999\n[[sensor]]\nkind = "system"\ninterval = 10\n'
            '[[sensor]]\nkind = "room"\nname = "Living room"\nseed = 7\nspeed = 60\n'
            "incident_after = 40\ninterval = 2\n"
            + FILE
            + 'unit = "°C"\ndevice_class = "temperature"\nscale = 0.001\nusual = [20, 90]\n'
            "quiet = 0\n",
        )
    )
    assert config.name == "Hallway"
    assert config.data == tmp_path / "node"
    assert config.broker.port == 1999
    system, room, file = config.sensor
    assert isinstance(system, SystemConfig)
    assert system.interval == 10
    assert isinstance(room, RoomConfig)
    assert (room.name, room.seed, room.speed, room.incident_after) == ("Living room", 7, 60, 40)
    assert isinstance(file, FileConfig)
    assert (file.scale, file.usual, file.quiet, file.valid) == (0.001, (20, 90), 0, None)


def test_without_either_the_broker_is_on_this_machine(tmp_path: Path) -> None:
    assert load(write(tmp_path, TOP + FILE)).broker == BrokerSettings("127.0.0.1", 1883)


def test_a_llama_takes_the_place_of_a_broker(tmp_path: Path) -> None:
    config = load(write(tmp_path, TOP + '[llama]\nurl = "https://home/llama"\nca = "x"\n' + FILE))
    assert config.llama == LlamaSettings("https://home/llama", "x")
    assert config.broker is None


def test_it_shows_a_page_only_where_that_is_wanted(tmp_path: Path) -> None:
    assert load(write(tmp_path, TOP + FILE)).page is None
    assert load(write(tmp_path, TOP + "[page]\n" + FILE)).page == PageSettings()
    page = load(write(tmp_path, TOP + '[page]\nport = 81\nhosts = ["pi.local"]\n' + FILE)).page
    assert page == PageSettings(port=81, host="127.0.0.1", hosts=("pi.local",), write=False)


def test_it_writes_english_unless_told_otherwise(tmp_path: Path) -> None:
    assert load(write(tmp_path, TOP + FILE)).language == "en"
    assert load(write(tmp_path, 'language = "nl"\n' + TOP + FILE)).language == "nl"
    with pytest.raises(ConfigError, match="language"):
        load(write(tmp_path, 'language = "la"\n' + TOP + FILE))


def test_it_asks_of_its_neighbours_only_where_that_is_wanted(tmp_path: Path) -> None:
    assert load(write(tmp_path, TOP + FILE)).neighbours is None
    asking = load(write(tmp_path, TOP + "[neighbours]\nmemories = 7\n" + FILE))
    assert asking.neighbours == Wants(observations=20, memories=7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "name"),
        ('name = "x', "not valid TOML"),
        ('name = " Hallway"\ndata = "x"\nsensor = [1]', "“name”"),
        ('name = "Hall\\u0007way"\ndata = "x"\n' + FILE, "printable"),
        (TOP, "sensor"),
        (TOP + "sensor = []", "“sensor”"),
        (TOP + 'colour = "red"\n' + FILE, "colour"),
        (TOP + '[[sensor]]\nkind = "sytem"', "“kind”: Invalid value 'sytem'"),
        (TOP + '[[sensor]]\nname = "x"', "number 1: Object missing required field `kind`"),
        (TOP + FILE + '[[sensor]]\nkind = "system"\nintervall = 3', "number 2"),
        (TOP + FILE + '[[sensor]]\nkind = "system"\nintervall = 3', "intervall"),
        (TOP + FILE + "interval = 0.01", "“interval”: Expected `float` >= 0.1"),
        (TOP + FILE + "interval = 3601", "“interval”"),
        (TOP + FILE + "interval = nan", "“interval”"),
        (TOP + FILE + 'interval = "2"', "“interval”"),
        (TOP + FILE + "quiet = -1", "“quiet”"),
        (TOP + FILE + "usual = [90, 20]", "“usual” must be [low, high]"),
        (TOP + FILE + "usual = [nan, 20]", "“usual” must be [low, high]"),
        (TOP + FILE + "valid = [0, inf]", "“valid” must be [low, high]"),
        (TOP + FILE + "scale = 0", "“scale”"),
        (TOP + FILE + 'device_class = "Temperature!"', "“device_class”"),
        (TOP + FILE.replace("boiler", "Boiler/#"), "“id”"),
        (TOP + FILE.replace('"boiler"', '"boiler\\n"'), "“id”"),
        (TOP + FILE + FILE, "2 sensors have the id “boiler”"),
        (TOP + "[broker]\nport = 99999\n" + FILE, "in [broker] at “port”"),
        (TOP + "[broker]\npasswrd = 'x'\n" + FILE, "passwrd"),
        (TOP + '[[sensor]]\nkind = "room"\nspeed = 0', "“speed”"),
        (TOP + "[broker]\n[llama]\nurl = 'http://x'\n" + FILE, "a log goes one way only"),
        (TOP + "[neighbours]\nobservations = 101\n" + FILE, "in [neighbours] at “observations”"),
        (TOP + "[page]\nport = 0\n" + FILE, "in [page] at “port”"),
        (TOP + "[page]\nwrit = true\n" + FILE, "unknown field `writ`"),
        (TOP + "[llama]\n" + FILE, "in [llama]: Object missing required field `url`"),
        (TOP + "[llama]\nurl = 'llama:8479'\n" + FILE, "“url” must be an address like http"),
        (TOP + "[llama]\nurl = 'ftp://llama'\n" + FILE, "“url” must be an address like http"),
        (TOP + "[llama]\nurl = 'http://lla ma'\n" + FILE, "“url” must be an address like http"),
        (
            TOP + '[llama]\nurl = "http://llama\\r\\nX: y"\n' + FILE,
            "“url” must be an address like http",
        ),
        (TOP + "[llama]\nurl = 'http://lläma'\n" + FILE, "“url” must be an address like http"),
        (TOP + '[broker]\nhost = "pi..local"\n' + FILE, "in [broker]: “host” is neither"),
        (TOP + f'[broker]\nhost = "{"x" * 80}.local"\n' + FILE, "“host” is neither"),
        (TOP + '[broker]\nhost = "pi\\u0000"\n' + FILE, "“host” is neither"),
        (TOP + '[broker]\nusername = "a\\u0000"\n' + FILE, "“username”"),
        (TOP + f'[broker]\npassword = "{"ä" * 40_000}"\n' + FILE, "“password” is longer"),
        (TOP + '[broker]\nca = "a\\u0000"\n' + FILE, "“ca” is no path"),
        (TOP + '[page]\nhost = "pi\\u0000"\n' + FILE, "in [page]: “host” is neither"),
        ('name = "x"\ndata = "a\\u0000"\n' + FILE, "“data”: This is no path"),
        ('name = "x"\ndata = "~nobody-of-that-name/a"\n' + FILE, "“data”: There is no such folder"),
        (TOP + 'embedding = "~nobody-of-that-name/a"\n' + FILE, "“embedding”"),
        (TOP + '[model]\nprompts = "~nobody-of-that-name/a"\n' + FILE, "“prompts”"),
        pytest.param("a = " + "[" * 100_000, "nested too deeply", id="deep"),
        pytest.param("name = " + "9" * 5_000, "not valid TOML", id="digits"),
        pytest.param("#" * 2_000_000, "more than 1,048,576 bytes", id="large"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))
    assert words in caught.value.message
    assert "alpaca.toml" in caught.value.message
    assert "regex" not in caught.value.message
    assert caught.value.fix


def test_a_file_without_an_end_is_not_read_for_ever() -> None:
    with pytest.raises(ConfigError, match="more than"):
        load(Path("/dev/zero"))


def test_a_missing_file_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Cannot read .*nowhere\.toml: No such file"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("taken", ["room_co2", "waiting_to_sync"])
def test_ids_that_meet_only_as_measurements_are_refused(tmp_path: Path, taken: str) -> None:
    text = TOP + '[[sensor]]\nkind = "room"\n' + FILE.replace("boiler", taken)
    sensors = open_sensors(load(write(tmp_path, text)), Surroundings(ManualClock()))
    with pytest.raises(ConfigError, match=taken):
        all_parts("node", "Hallway", sensors)


def test_tables_within_tables_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"alpaca\.toml"):
        load(write(tmp_path, f"[{'.'.join('a' * 20_000)}]"))


def test_a_file_that_one_may_not_read_is_to_be_asked_for_with_sudo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the installed service's, by everybody else. Root may read all, and so is told this."""

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, TOP + FILE)
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(ConfigError, match=r"may not read .*alpaca") as caught:
        load(path)
    assert "sudo" in caught.value.fix
