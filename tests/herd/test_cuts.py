"""Whatever restarts or fills up between a node and its Llama: all arrives, once and in order."""

import random
from functools import partial
from pathlib import Path

import pytest

from tests.disk import Disk
from tests.disk import disk as disk
from tests.herd.herd import Herd


@pytest.mark.parametrize("persistence", [False, True], ids=["forgets", "remembers"])
async def test_a_broker_that_restarts(tmp_path: Path, *, persistence: bool) -> None:
    rng = random.Random(f"broker {persistence}")
    async with Herd(tmp_path, persistence=persistence) as herd:
        await herd.approve()
        for _ in range(4):
            await herd.until_measured(rng.randint(5, 120))
            rng.choice([herd.broker.kill, herd.broker.stop])()
            await herd.until_measured(rng.randint(1, 60))
            herd.broker.start()
        await herd.until_measured(50)
        await herd.settle()
        await herd.check()


async def test_a_llama_that_restarts(tmp_path: Path) -> None:
    rng = random.Random("llama")
    async with Herd(tmp_path) as herd:
        await herd.approve()
        for _ in range(3):
            await herd.until_measured(rng.randint(5, 120))
            await rng.choice([herd.llama_process.kill, herd.llama_process.stop])()
            await herd.until_measured(rng.randint(1, 60))
            await herd.start_llama()
        await herd.until_measured(50)
        await herd.settle()
        await herd.check()


async def test_a_disk_of_the_llama_that_is_full_for_a_while(tmp_path: Path, disk: Disk) -> None:
    async with Herd(tmp_path, llama=disk.path) as herd:
        await herd.approve()
        await herd.until(lambda: herd.held() > 0)
        for _ in range(2):
            disk.leave(0, herd.llama_process.pid)
            await herd.until(lambda: "is full" in herd.llama_process.output())
            held = herd.held()
            await herd.until_measured(100)
            assert herd.held() == held, "nothing is said to be there that is not"
            disk.make_room(herd.llama_process.pid)
            await herd.until(partial(_has_more, herd, held))
            await herd.llama_process.kill()
            await herd.start_llama()
        await herd.settle()
        await herd.check()


def _has_more(herd: Herd, before: int) -> bool:
    return herd.held() > before


async def test_a_disk_of_the_node_that_is_full_for_a_while(tmp_path: Path, disk: Disk) -> None:
    async with Herd(tmp_path, node_data=disk.path / "data") as herd:
        await herd.approve()
        await herd.until(lambda: herd.held() > 0)
        disk.leave(0, herd.alpaca.pid)
        await herd.until(lambda: "Events wait in memory" in herd.alpaca.output())
        await herd.until_measured(200)
        disk.make_room(herd.alpaca.pid)
        await herd.until(lambda: "can be written again" in herd.alpaca.output())
        await herd.until_measured(50)
        await herd.settle()
        await herd.check()
