"""Every setting by a variable, over the file or without one."""

from pathlib import Path

import msgspec
import pytest

from herdbook.alpaca.config import AlpacaConfig, load, read
from herdbook.alpaca.environment import Given, has_settings, put, settings_in
from herdbook.broker import BrokerSettings
from herdbook.errors import ConfigError
from herdbook.eventlog.curiosity import Wants

ALONE = {"HERDBOOK_NAME": "Hallway", "HERDBOOK_DATA": "/data", "HERDBOOK_SENSOR_0_KIND": "system"}
FILE = (
    'name = "Hallway"\ndata = "node"\n[broker]\nport = 1999\n'
    '[[sensor]]\nkind = "system"\n[[sensor]]\nkind = "room"\nseed = 7\n'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "alpaca.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_whole_environment_needs_no_file() -> None:
    config = load(
        None,
        ALONE
        | {
            "PATH": "/bin",
            "HERDBOOK_CONFIG": "says which file, and is no setting",
            "HERDBOOK_BROKER_HOST": "broker.home",
            "HERDBOOK_BROKER_PORT": "8883",
            "HERDBOOK_BROKER_TLS": "true",
            "HERDBOOK_BROKER_PASSWORD": "true",  # text stays text
            "HERDBOOK_LOG_KEEP_DAYS": "3",
            "HERDBOOK_LOG_DISK_SHARE": "1",  # a whole number is a number, too
            "HERDBOOK_NEIGHBOURS_MEMORIES": "7",
            "HERDBOOK_SENSOR_1_KIND": "file",
            "HERDBOOK_SENSOR_1_ID": "boiler",
            "HERDBOOK_SENSOR_1_NAME": "5",
            "HERDBOOK_SENSOR_1_PATH": "/dev/null",
            "HERDBOOK_SENSOR_1_DEVICE_CLASS": "temperature",
            "HERDBOOK_SENSOR_1_VALID": "[-40, 125]",
        },
    )
    assert config.data == Path("/data")
    assert config.broker == BrokerSettings("broker.home", 8883, None, "true", True)
    assert (config.log.keep_days, config.log.disk_share) == (3, 1)
    assert config.neighbours == Wants(observations=20, memories=7)
    boiler = config.sensor[1]
    assert (boiler.id, boiler.name, boiler.valid) == ("boiler", "5", (-40, 125))


def test_the_environment_goes_before_the_file(file: Path) -> None:
    settings = read(
        file,
        {
            "HERDBOOK_SENSOR_1_INTERVAL": "0.5",
            "HERDBOOK_SENSOR_2_KIND": "room",
            "HERDBOOK_SENSOR_2_ID": "cellar",
        },
    )
    _, room, cellar = settings.config.sensor
    assert (room.interval, room.seed, cellar.id) == (0.5, 7, "cellar")
    assert settings.config.broker == BrokerSettings(port=1999)
    assert settings.config.data == file.parent / "node"
    assert settings.sources["sensor.1.interval"] == "HERDBOOK_SENSOR_1_INTERVAL"
    assert settings.document["sensor"][1] == {"kind": "room", "seed": 7, "interval": 0.5}


def test_a_folder_of_the_environment_is_taken_from_where_one_is(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert load(file, {"HERDBOOK_DATA": "mine"}).data == tmp_path / "here" / "mine"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"HERDBOOK_BROKER_PORT": "ninety"}, "“ninety” is no number"),
        ({"HERDBOOK_BROKER_PORT": "99999"}, "HERDBOOK_BROKER_PORT: Expected `int` <= 65535"),
        ({"HERDBOOK_BROKER_PORT": "1883.5"}, "HERDBOOK_BROKER_PORT: Expected `int`"),
        ({"HERDBOOK_BROKER_PORT": ""}, "HERDBOOK_BROKER_PORT: “” is no number"),
        ({"HERDBOOK_BROKER_PORT": "1\nx = 2"}, "is no number"),
        ({"HERDBOOK_BROKER_PORT": "9" * 5_000}, "is no number"),
        ({"HERDBOOK_BROKER_PORT": "[" * 100_000}, "is no number"),
        ({"HERDBOOK_BROKER_TLS": "yes"}, "HERDBOOK_BROKER_TLS: “yes” is no number, true"),
        ({"HERDBOOK_BROKER_TLS": "1"}, "HERDBOOK_BROKER_TLS: Expected `bool`"),
        ({"HERDBOOK_NAME": ""}, "HERDBOOK_NAME: Expected `str`"),
        ({"HERDBOOK_BROKER_HOTS": "x"}, "The nearest is HERDBOOK_BROKER_HOST"),
        ({"HERDBOOK_SENSOR_1_SEEED": "x"}, "The nearest is HERDBOOK_SENSOR_1_SEED"),
        ({"HERDBOOK_SENSOR_INTERVAL": "1"}, "The nearest is HERDBOOK_SENSOR_0_INTERVAL"),
        ({"HERDBOOK_BROKER": "x"}, "is no setting of a node"),
        ({"HERDBOOK_NAME_FILE": "x"}, "is no setting of a node"),
        ({"HERDBOOK_SENSOR_3_KIND": "room"}, "there is no number 2 before it"),
        ({"HERDBOOK_SENSOR_0_KIND": "magic"}, "in [[sensor]] number 1 at “kind”"),
        ({"HERDBOOK_BROKER_PASSWORD_FILE": "/nowhere"}, "cannot read /nowhere: No such file"),
        ({"HERDBOOK_LLAMA_URL": "http://llama:8479"}, "a log goes one way only"),
    ],
)
def test_a_mistake_names_the_variable(file: Path, variables: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, variables)
    assert words in str(caught.value)
    assert caught.value.fix


def test_what_the_environment_leaves_out_is_named() -> None:
    with pytest.raises(ConfigError, match=r"the environment: .* missing required field `name`"):
        load(None, {"HERDBOOK_DATA": "/data"})


def test_a_secret_lies_in_a_file_of_its_own(file: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("höchst geheim \n\n", encoding="utf-8")
    config = load(file, {"HERDBOOK_BROKER_PASSWORD_FILE": str(secret)})
    assert config.broker is not None
    assert config.broker.password == "höchst geheim \n", "but for the last end of a line"
    both = {"HERDBOOK_BROKER_PASSWORD_FILE": str(secret), "HERDBOOK_BROKER_PASSWORD": "x"}
    with pytest.raises(ConfigError, match="both give one setting"):
        load(file, both)
    secret.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="it is not text"):
        load(file, {"HERDBOOK_BROKER_PASSWORD_FILE": str(secret)})


def test_credentials_of_systemd_are_settings(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "herdbook_broker_password").write_text("geheim\n")
    (folder / "of_another_program").write_text("x")
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    settings = read(file, environ)
    assert settings.config.broker is not None
    assert settings.config.broker.password == "geheim"
    assert settings.sources == {"broker.password": "herdbook_broker_password"}
    said = load(file, environ | {"HERDBOOK_BROKER_PASSWORD": "said"})
    assert said.broker is not None
    assert said.broker.password == "said", "a variable goes before it"
    (folder / "herdbook_broker_pasword").touch()
    with pytest.raises(ConfigError, match="The nearest is HERDBOOK_BROKER_PASSWORD"):
        load(file, environ)


def test_tables_that_others_add_have_their_variables() -> None:
    class Page(msgspec.Struct):
        port: int = 80
        hosts: tuple[str, ...] = ()

    class Wider(AlpacaConfig, frozen=True):
        page: Page | None = None

    variables = {"HERDBOOK_PAGE_PORT": "81", "HERDBOOK_PAGE_HOSTS": '["a", "b"]'}
    given = settings_in(variables, Wider, {}, lambda _array, _kind: None)
    document: dict[str, object] = {}
    for one in given:
        put(document, one)
    assert document == {"page": {"port": 81, "hosts": ["a", "b"]}}


def test_outputs_have_theirs_by_their_kinds() -> None:
    config = load(
        None,
        ALONE
        | {
            "HERDBOOK_OUTPUT_0_KIND": "gpio",
            "HERDBOOK_OUTPUT_0_ID": "pump",
            "HERDBOOK_OUTPUT_0_NAME": "Pump",
            "HERDBOOK_OUTPUT_0_LINE": "17",
            "HERDBOOK_OUTPUT_0_CHIP": "gpiochip0",
            "HERDBOOK_OUTPUT_1_KIND": "mqtt",
            "HERDBOOK_OUTPUT_1_ID": "flow",
            "HERDBOOK_OUTPUT_1_NAME": "Flow",
            "HERDBOOK_OUTPUT_1_TOPIC": "boiler/flow/set",
            "HERDBOOK_OUTPUT_1_MIN": "20",
            "HERDBOOK_OUTPUT_1_MAX": "60",
            "HERDBOOK_OUTPUT_1_SAFE": "35",  # a number, where it may be one
        },
    )
    pump, flow = config.output
    assert (pump.line, pump.safe, flow.safe) == (17, "off", 35)
    named = ALONE | {"HERDBOOK_OUTPUT_0_KIND": "gpio", "HERDBOOK_OUTPUT_0_LINE": "GPIO17"}
    named |= {"HERDBOOK_OUTPUT_0_ID": "pump", "HERDBOOK_OUTPUT_0_NAME": "Pump"}
    [pump] = load(None, named | {"HERDBOOK_OUTPUT_0_SAFE": "on"}).output
    assert (pump.line, pump.safe) == ("GPIO17", "on")


def test_a_file_that_is_wrong_there_is_left_to_its_own_check() -> None:
    document = {"broker": 7, "sensor": [7]}
    put(document, Given(("broker", "port"), 1, "X"))
    put(document, Given(("sensor", 0, "id"), "a", "X"))
    assert document == {"broker": 7, "sensor": [7]}


def test_what_is_no_setting_makes_no_environment() -> None:
    assert not has_settings({"HERDBOOK_CONFIG": "x", "HOME": "/"})
    assert has_settings({"HERDBOOK_TYPO": "x"})
