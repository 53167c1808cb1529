"""What a node keeps of what its Llama told it, and how people see it when it is alone."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from herdbook.alpaca.neighbours import Neighbourhood, kept
from herdbook.errors import HerdbookError, MessageRefused, StorageError, Unavailable
from herdbook.eventlog.curiosity import Wants
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.neighbours import Ask, Neighbours, Reviewed, open_ask, seal_neighbours
from herdbook.eventlog.pin import FilePin
from tests.eventlog.samples import SYNCED_MS, identity
from tests.eventlog.test_neighbours import noticed, remembered
from tests.fakes.clock import ManualClock
from tests.llama.herd.conftest import until

LLAMA = identity(9)


class Node:
    """A node's folder, and what it asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.identity = Identity.load_or_create(folder / "identity.key")
        self.clock = ManualClock()
        self.asked: list[Ask] = []
        self.reaches = True
        pin = FilePin(folder / "llama.key")
        pin.keep(LLAMA.public_key)
        self.reviews: list[Reviewed] = []
        self.neighbourhood = Neighbourhood(
            folder, self.identity, pin, Wants(5, 6), self.clock, self
        )

    async def reviewed(self) -> int:
        return max((one.number for one in self.reviews), default=0)

    async def come_home(self, reviews: Sequence[Reviewed]) -> None:
        self.reviews += reviews

    async def ask(self, wire: bytes) -> None:
        self.asked.append(open_ask(wire, self.identity.node_id))
        if not self.reaches:
            raise Unavailable("Nobody there.")

    def answer(self, sentence: str, count: int = 1, signer: Identity = LLAMA) -> bytes:
        return seal_neighbours(
            signer,
            Neighbours(
                self.identity.node_id,
                self.asked[-1].nonce,
                count,
                SYNCED_MS,
                [noticed(SYNCED_MS, sentence)],
                [remembered()],
            ),
        )


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "node")


async def test_it_asks_in_the_herd_and_keeps_the_newest_answer(node: Node) -> None:
    task = asyncio.create_task(node.neighbourhood.run(node))
    await asyncio.sleep(0.02)
    assert node.asked == []
    node.neighbourhood.in_herd(True)
    await until(lambda: len(node.asked) == 1)
    assert (node.asked[0].observations, node.asked[0].memories) == (5, 6)
    assert kept(node.folder) is None
    await node.neighbourhood.heard(node.answer("First."))
    await node.neighbourhood.heard(node.answer("Second.", 2))
    for wire in (node.answer("Forged.", 3, identity(4)), node.answer("Old.", 1), b"<html>"):
        with pytest.raises(MessageRefused):
            await node.neighbourhood.heard(wire)
    known = kept(node.folder)
    assert known is not None
    assert [one.sentence for one in known.observations] == ["Second."]
    assert (node.folder / "neighbours.hbn").stat().st_mode & 0o777 == 0o600
    # Where nobody is reached, it asks again later, and knows what it knew.
    node.reaches = False
    node.neighbourhood.in_herd(True)
    await until(lambda: len(node.asked) == 2)
    node.clock.advance(30_000)
    node.neighbourhood.in_herd(True)
    await until(lambda: len(node.asked) == 3)
    assert kept(node.folder) == known
    task.cancel()


async def test_one_that_wants_nothing_asks_only_what_is_thought_of_its_own_facts(
    node: Node,
) -> None:
    pin = FilePin(node.folder / "llama.key")
    quiet = Neighbourhood(node.folder, node.identity, pin, None, node.clock, node)
    task = asyncio.create_task(quiet.run(node))
    quiet.in_herd(True)
    await until(lambda: len(node.asked) == 1)
    assert node.asked[0] == Ask(0, 0, node.asked[0].nonce, 0)
    said = Reviewed("bathroom", "airing", "20 minutes", "wrong", 8)
    answer = Neighbours(node.identity.node_id, node.asked[0].nonce, 1, SYNCED_MS, [], [], [said])
    await quiet.heard(seal_neighbours(LLAMA, answer))
    assert node.reviews == [said]
    node.clock.advance(600_000)
    quiet.in_herd(True)
    await until(lambda: len(node.asked) == 2)
    assert node.asked[1].reviewed == 8
    task.cancel()


def test_what_was_kept_is_checked_again(node: Node) -> None:
    path = node.folder / "neighbours.hbn"
    node.asked.append(Ask(1, 1, bytes(16)))
    good = node.answer("Good.")
    for wire, reason in (
        (good[:-1] + bytes([good[-1] ^ 1]), "signature"),
        (node.answer("Other.", signer=identity(4)), "other_llama"),
        (good + bytes(100_000), "oversized"),
        (b"", "malformed"),
    ):
        path.write_bytes(wire)
        with pytest.raises(MessageRefused) as caught:
            kept(node.folder)
        assert caught.value.reason == reason
        assert str(path) in caught.value.message
        assert "Remove it" in caught.value.fix
    path.write_bytes(good)
    (node.folder / "identity.key").unlink()
    with pytest.raises(StorageError, match="no identity"):
        kept(node.folder)
    path.unlink()
    path.mkdir()
    with pytest.raises(HerdbookError, match="Cannot read"):
        kept(node.folder)


def _shown(folder: Path, *more: str, table: str = "") -> subprocess.CompletedProcess[str]:
    config = folder / "alpaca.toml"
    config.write_text(f'name = "x"\ndata = "node"\n{table}[[sensor]]\nkind = "system"\n')
    return subprocess.run(
        [
            *(sys.executable, "-m", "herdbook.cli.main", "alpaca", "neighbours"),
            *("--config", str(config), *more),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"TZ": "UTC", "PYTHONUTF8": "1"},
    )


def test_the_command_shows_it_without_a_llama(node: Node, tmp_path: Path) -> None:
    nothing = _shown(tmp_path)
    assert nothing.returncode == 0, nothing.stderr
    assert "Nothing was told" in nothing.stdout
    assert "[neighbours]" in nothing.stdout
    assert "does not ask" not in _shown(tmp_path, table="[neighbours]\n").stdout
    assert json.loads(_shown(tmp_path, "--json").stdout) is None
    node.asked.append(Ask(1, 1, bytes(16)))
    (node.folder / "neighbours.hbn").write_bytes(node.answer("Warm.\x1b[31m\nEvil."))
    shown = _shown(tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines() == [
        "As the Llama told at 2026-11-01 12:00:00:",
        " 2026-11-01 12:00:00  Cellar: Warm.�[31m�Evil.",
        " 1970-01-01 00:00:00  Cellar remember: It stays so.",
    ]
    told = json.loads(_shown(tmp_path, "--json").stdout)
    assert told["told_at"].startswith("2026-11-01T12:00")
    assert told["observations"][0]["node"] == "Cellar"
    assert told["memories"][0]["value"] == "c"
    (node.folder / "neighbours.hbn").write_bytes(b"nonsense")
    broken = _shown(tmp_path)
    assert broken.returncode == 2
    assert "Traceback" not in broken.stderr
