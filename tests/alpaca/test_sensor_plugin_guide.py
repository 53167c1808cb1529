"""docs/guides/sensor-plugin.md: the package that it writes, built and run in a whole Alpaca."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import pytest

from herdbook.alpaca import agent
from herdbook.alpaca.config import load
from herdbook.alpaca.sensors.attached import look_around
from herdbook.alpaca.sensors.measurement import Fault, Waking
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.registry import GROUP, Registry
from herdbook.clock import SystemClock
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import READINGS, decode_payload
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.readings import ReadingsPayload
from tests.alpaca.packages import install
from tests.fakes.i2c import Wires
from tests.mosquitto import free_port

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/guides/sensor-plugin.md").read_text(encoding="utf-8")


def block(language: str, beginning: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    (found,) = (text for text in blocks if text.startswith(beginning))
    return str(found)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The guide's package, as an installer would leave it."""
    project = tomllib.loads(block("toml", "[build-system]"))["project"]
    folder = tmp_path / "site-packages"
    (module,) = re.findall(r"^## (herdbook_\w+\.py)$", GUIDE, re.MULTILINE)
    install(
        folder,
        monkeypatch,
        project["name"],
        project["entry-points"][GROUP],
        {module: block("python", '"""The level')},
    )
    return folder


def machine(root: Path, level: str) -> Surroundings:
    file = root / "run/barrel/level"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(level)
    return Surroundings(root=root)


def test_the_sensor_of_the_guide_reads(package: Path, tmp_path: Path) -> None:
    (table,) = tomllib.loads(block("toml", "[[sensor]]"))["sensor"]
    kinds = Registry()
    settings = kinds.settings(table, Path("alpaca.toml"), "")
    barrel = kinds.open(settings, Surroundings(root=tmp_path / "machine"))
    assert barrel.read() == {"barrel": Fault("Rain barrel: the barrel's program is not running.")}
    machine(tmp_path / "machine", "425\n")
    assert barrel.read() == {"barrel": 50.0}
    machine(tmp_path / "machine", "full")
    assert barrel.read() == {"barrel": Fault("Rain barrel: the barrel's program wrote no number.")}
    machine(tmp_path / "machine", "950")
    (fault,) = barrel.read().values()
    assert isinstance(fault, Fault)
    assert "valid is 0 to 110" in fault.reason
    (measurement,) = barrel.measurements
    assert (measurement.unit, measurement.smoothing) == ("%", 3)
    assert not isinstance(barrel, Waking)


def test_it_is_found(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Wires().use(monkeypatch)
    around = look_around(machine(tmp_path / "machine", "1"))
    (barrel,) = (one for one in around.found if one.kind == "barrel")
    assert barrel.table is not None
    assert Registry().settings(barrel.table, Path("alpaca.toml"), "")


def test_an_alpaca_runs_with_it(package: Path, tmp_path: Path) -> None:
    """The program itself, in a process of its own, from an `alpaca.toml` with the guide's table."""
    config = tmp_path / "alpaca.toml"
    table = block("toml", "[[sensor]]").replace("interval = 10", "interval = 0.1")
    config.write_text(
        f'name = "Garden"\ndata = "node"\n[broker]\nport = {free_port()}\n{table}', encoding="utf-8"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "herdbook.cli.main", "alpaca", "run", "--config", str(config)],
        env=os.environ | {"PYTHONPATH": str(package)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any("barrel's program is not running" in line for line in lines)
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 0, said


async def test_what_it_reads_is_in_the_log(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = machine(tmp_path / "machine", "425").root
    monkeypatch.setattr(agent, "Surroundings", partial(Surroundings, root=root))
    file = tmp_path / "alpaca.toml"
    table = block("toml", "[[sensor]]").replace("interval = 10", "interval = 0.1")
    file.write_text(
        f'name = "Garden"\ndata = "node"\n[broker]\nport = {free_port()}\n{table}', encoding="utf-8"
    )
    ready = asyncio.Event()
    node = asyncio.create_task(agent.run(load(file), on_ready=lambda _node: ready.set()))
    async with asyncio.timeout(10):
        await ready.wait()
        for _ in range(5):  # it is read ten times a second
            await asyncio.sleep(0.1)
    node.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await node
    log = EventLog.open(tmp_path / "node", SystemClock())
    log.seal()
    (event,) = (
        event
        for wire in log.batches_after(0, 9)
        for event in open_batch(wire, log.node_id).events
        if event.kind == READINGS
    )
    log.close()
    readings = decode_payload(event, ReadingsPayload)
    assert (readings.sensor, readings.unit) == ("barrel", "%")
    assert {value for _, value in readings.samples()} == {50.0}
