"""What `config check` and `init` try: a model, and sensors that listen, by the real mosquitto."""

import subprocess
from pathlib import Path

import pytest

from herdbook.alpaca import config, trial
from herdbook.alpaca.trial import Tried
from herdbook.clock import SystemClock
from tests.fakes.ollama_double import ollama_double
from tests.mosquitto import Mosquitto, free_port

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


async def test_a_model_is_asked_for_a_word(tmp_path: Path) -> None:
    path = tmp_path / "alpaca.toml"
    head = 'name = "Hallway"\ndata = "node"\n[[sensor]]\nkind = "system"\n'
    path.write_text(head)
    assert await trial.try_model(config.load(path, {})) is None
    async with ollama_double() as ollama:
        table = f'[model]\nengine = "ollama"\nmodel = "m"\nmemory = 0\nurl = "{ollama.url}"\n'
        path.write_text(head + table)
        ollama.answers = ['{"word": "Hello"}', "Hello", "Hello", 404]
        works = Tried("Model", True, f"{ollama.url} answers.")
        assert await trial.try_model(config.load(path, {})) == works
        for words in ("something else than it was asked for", "ollama pull m"):
            found = await trial.try_model(config.load(path, {}))
            assert found is not None
            assert not found.works
            assert words in found.words
    nobody = f"http://127.0.0.1:{free_port()}"
    path.write_text(head + f'[model]\nengine = "openai"\nmemory = 0\nurl = "{nobody}"\n')
    found = await trial.try_model(config.load(path, {}))
    assert found is not None
    assert found.words.startswith(f"No model answers at {nobody}: nobody listens there. Check")
