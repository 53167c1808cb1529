import os

import pytest

from herdbook.alpaca.reading_thread import ReadingThread


@pytest.mark.filterwarnings("ignore:.*fork")
async def test_the_copy_that_a_sensor_makes_of_its_node_ends_where_it_comes_back() -> None:
    thread = ReadingThread("sensor")
    children = []

    def fork() -> int:
        child = os.fork()
        if child:
            children.append(child)
        return child

    try:
        assert await thread.run(fork) == children[0]
        ended, status = await thread.run(lambda: os.waitpid(children[0], 0))
    finally:
        thread.close()
    assert (ended, os.waitstatus_to_exitcode(status)) == (children[0], 0)
