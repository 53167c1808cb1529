"""A node whose clock stands in 1970, jumps, or is set by hand: in the end its times are known."""

from pathlib import Path

from tests.herd.herd import ALWAYS, Herd
from tests.herd.steered_alpaca import BEGUN_MS, SENSORS

HOUR = 3_600_000


async def test_a_boot_in_1970_that_learns_the_time_and_loses_it_again(tmp_path: Path) -> None:
    async with Herd(tmp_path, wrong_ms=-BEGUN_MS, quality="unset") as herd:
        await herd.approve()
        await herd.until_measured(150)
        await herd.until(lambda: herd.held() > 0)
        herd.set_clock()  # NTP answers
        await herd.until_measured(150)
        for wrong_ms, quality in ((3 * HOUR, "unknown"), (0, "synced"), (-HOUR, "unknown")):
            herd.set_clock(wrong_ms, quality)
            await herd.until_measured(120)
        await herd.llama_process.kill()
        await herd.start_llama()
        herd.set_clock()
        await herd.until_measured(150)
        await herd.settle()
        await herd.check()


async def test_a_clock_that_jumps_while_it_is_said_to_be_right(tmp_path: Path) -> None:
    """A time server that was wrong: what it said stands, and nothing is lost or twice."""
    async with Herd(tmp_path) as herd:
        await herd.approve()
        await herd.until_measured(100)
        herd.set_clock(5 * HOUR)
        await herd.until_measured(100)
        herd.set_clock()
        await herd.until_measured(100)
        await herd.settle()
        found = await herd.readings()
        for sensor in SENSORS:
            measured = herd.expected(sensor, found[sensor])
            assert sorted(one.value for one in found[sensor]) == [count for count, _ in measured]
            true = dict(measured)
            ahead = [one.value for one in found[sensor] if one.at_ms - true[int(one.value)] > HOUR]
            assert 50 < len(ahead) < len(measured) - 50
            assert ahead == sorted(ahead)


async def test_a_boot_that_never_learns_the_time_is_about(tmp_path: Path) -> None:
    async with Herd(tmp_path, wrong_ms=-BEGUN_MS, quality="unset") as herd:
        await herd.approve()
        await herd.until_measured(120)
        await herd.settle()
        lost = len(herd.measured())
        await herd.start_llama()
        herd.set_clock()
        await herd.start_alpaca()
        await herd.until_measured(120)
        await herd.settle()
        async with herd.book() as book:
            for series in await book.series(herd.node_id):
                held = await book.readings(series.id, *ALWAYS)
                timeless = await book.timeless(series.id)
                assert abs(timeless - lost) < 5, "all of the first boot, and nothing else"
                measured = [count for count, _ in herd.expected(series.sensor, held)]
                assert [one.value for one in held] == measured[-len(held) :]
                assert abs(len(held) + timeless - len(measured)) <= 1
