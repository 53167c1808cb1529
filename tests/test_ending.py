import asyncio

import pytest

from herdbook.ending import to_its_end


async def test_it_is_done_whole_however_often_it_is_told_to_stop() -> None:
    may_end = asyncio.Event()

    async def work() -> str:
        await may_end.wait()
        return "done"

    task = asyncio.create_task(to_its_end(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    may_end.set()
    assert await task == "done"


async def test_what_it_raises_is_told() -> None:
    async def work() -> None:
        raise ValueError("why")

    with pytest.raises(ValueError, match="why"):
        await to_its_end(work())
