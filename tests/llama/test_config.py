from pathlib import Path

import pytest

from herdbook.broker import BrokerSettings
from herdbook.errors import ConfigError
from herdbook.llama.config import HerdListener, LlamaConfig, load


def read(folder: Path, text: str) -> LlamaConfig:
    path = folder / "llama.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_by_itself_it_looks_for_a_broker_here_and_has_no_port_for_alpacas(tmp_path: Path) -> None:
    config = read(tmp_path, 'data = "llama"\n')
    assert (config.broker, config.herd) == (BrokerSettings("127.0.0.1", 1883), None)


def test_there_may_be_no_broker_and_a_port_for_alpacas(tmp_path: Path) -> None:
    config = read(tmp_path, 'data = "llama"\nbroker = false\n[herd]\nport = 8479\n')
    assert config.broker is False
    assert config.herd == HerdListener(8479, "127.0.0.1")


@pytest.mark.parametrize(
    ("text", "words"),
    [("broker = true", "“broker”"), ('broker = ""', "“broker”"), ("[herd]", "“herd”")],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read(tmp_path, f'data = "llama"\n{text}\n')
