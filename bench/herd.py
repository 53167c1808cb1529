"""What a herd's log costs: on the node, on the way, and in the Llama's house book.

`append_per_s` is of `bench.herd_append`; `merge_per_s`, `readings_per_s`,
`bytes_per_event_on_wire`, `bytes_per_reading`, `query_90d_by_hour_ms` and `day_ms` are of
`bench.herd_house`; `ingest_per_s`, `messages_per_s` and `drain_s` are of `bench.herd_wire`: there
is said what each is, and what stands beside it. n is how many days of ten sensors.
"""

import asyncio

from bench import herd_append, herd_house, herd_wire
from bench.herd_log import HerdLog
from bench.report import Report, options


async def main() -> None:
    """Measure, and print."""
    chosen = options("herd", "Append, merge, keep and ask for n days of ten sensors.", n=90)
    report = Report("herd", as_json=chosen.json)
    await herd_append.measure(report, chosen.n)
    log = HerdLog(chosen.n)
    await herd_house.measure(report, log, chosen.n)
    await herd_wire.measure(report, log, chosen.n)


if __name__ == "__main__":
    asyncio.run(main())
