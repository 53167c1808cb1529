"""What `config check` and `init` try: sensors that listen, by the real mosquitto."""

import subprocess
from pathlib import Path

import pytest

from herdbook.alpaca import config, trial
from herdbook.alpaca.trial import Tried
from herdbook.clock import SystemClock
from tests.mosquitto import Mosquitto

TOPIC = "zigbee2mqtt/Attic window"


def tried(folder: Path, port: int) -> list[Tried]:
    path = folder / "alpaca.toml"
    path.write_text(
        f'name = "Hallway"\ndata = "node"\n[broker]\nport = {port}\n'
        f'[[sensor]]\nkind = "mqtt"\nid = "x"\nname = "Attic"\ntopic = "{TOPIC}"\nunit = "%"\n'
    )
    return list(trial.try_sensors(config.load(path, {}), SystemClock()))


def test_a_topic_is_listened_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Mosquitto(tmp_path / "mosquitto") as server:
        monkeypatch.setattr(trial, "_LISTEN_S", 0.5)
        [silent] = tried(tmp_path, server.port)
        assert silent == Tried("Attic", False, f"nothing was heard on '{TOPIC}' so far.")
        monkeypatch.setattr(trial, "_LISTEN_S", 20.0)
        publish = ["mosquitto_pub", "-p", str(server.port), "-r", "-t", TOPIC, "-m", "87"]
        subprocess.run(publish, check=True)
        assert tried(tmp_path, server.port) == [Tried("Attic", True, "87.0 %")]
