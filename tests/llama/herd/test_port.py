"""The herd's port, asked by peers good and bad, over real connections."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from herdbook.cli.process import MalformedRequests
from herdbook.eventlog import topics
from herdbook.eventlog.batch import GENESIS, MAX_WIRE, seal
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import Have, Hello, open_have, seal_hello
from herdbook.eventlog.neighbours import Ask, open_neighbours, seal_ask
from herdbook.house.node import MAX_WAITING
from herdbook.llama.herd.door import STRANGERS_AT_ONCE, STRANGERS_EVERY_MS
from herdbook.llama.herd.heartbeats import SILENT_MS, Heartbeats
from herdbook.llama.herd.ways import Ways
from tests.eventlog.samples import chain, event, identity
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, fact
from tests.llama.herd.http_llama import HttpLlama

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "contract" / "batches" / "batches.json").read_text("utf-8")
)
NODE = identity()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def llama(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[HttpLlama]:
    monkeypatch.setattr("herdbook.llama.herd.herd._LOOK_EVERY_S", 0.01)
    async with HttpLlama(tmp_path / "llama", clock).running() as running:
        yield running


@pytest.fixture
async def peer(llama: HttpLlama) -> AsyncIterator["Peer"]:
    async with ClientSession(llama.url) as session:
        yield Peer(session, llama)


@pytest.fixture(autouse=True)
def nothing_failed_unseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What is no HTTP is aiohttp's to refuse, and said in a line by `MalformedRequests`."""
    yield
    malformed = MalformedRequests()
    records = [one for one in caplog.get_records("call") if one.exc_info]
    assert [one.getMessage() for one in records if malformed.filter(one) and one.exc_info] == []


class Peer:
    """Somebody who can reach the port."""

    def __init__(self, session: ClientSession, llama: HttpLlama) -> None:
        self.session = session
        self.llama = llama

    async def post(self, path: str, body: Any) -> tuple[int, bytes]:
        if isinstance(body, bytes):
            body = BytesIO(body)
        async with self.session.post(path, data=body) as answer:
            if answer.headers.get("Herdbook") != "1":
                return answer.status, b"no Llama"
            return answer.status, await answer.read()

    async def hello(self, who: Identity = NODE, **changes: Any) -> tuple[int, bytes]:
        hello = Hello(**{"name": "Hallway", "version": "0.1.0", "seq": 0} | changes)
        return await self.post(topics.path(topics.hello(who.node_id)), seal_hello(who, hello))

    async def log(self, wire: bytes, node_id: str = NODE.node_id) -> tuple[int, bytes]:
        return await self.post(topics.path(topics.log(node_id)), wire)

    async def admit(self) -> None:
        await self.hello()
        await self.llama.herd.approve(NODE.node_id)

    def have(self, answer: tuple[int, bytes]) -> Have:
        status, wire = answer
        assert status == 200, answer
        key, have = open_have(wire, NODE.node_id)
        assert key == self.llama.identity.public_key
        return have


async def test_a_node_says_hello_waits_is_approved_and_brings_its_log(peer: Peer) -> None:
    assert peer.llama.herd.ways == Ways("none", http=True)
    first = peer.have(await peer.hello(nonce=bytes(range(16))))
    assert (first.approved, first.seq, first.nonce) == (False, 0, bytes(range(16)))
    one, two, three = chain([2, 1, 1])
    assert await peer.log(one.wire) == (403, b"unapproved")
    assert await peer.llama.values() == []
    await peer.llama.herd.approve(NODE.node_id)
    approved = peer.have(await peer.hello())
    assert (approved.approved, approved.seq) == (True, 0)
    for batch in (one, one, two):  # the second time it is a duplicate
        held = peer.have(await peer.log(batch.wire))
        assert (held.seq, held.hash) == (batch.last_seq, batch.hash)
    assert held.count > approved.count > first.count
    assert [one.id for one in peer.llama.heard.observations] == [
        f"{NODE.node_id}:{seq}" for seq in (1, 2, 3)
    ]
    await peer.llama.herd.retire(NODE.node_id)
    assert await peer.log(three.wire) == (403, b"unapproved")
    assert not peer.have(await peer.hello()).approved


async def test_a_gap_is_answered_with_what_is_held(peer: Peer) -> None:
    await peer.admit()
    one, _, three = chain([1, 1, 1])
    assert peer.have(await peer.log(three.wire)).seq == 0
    assert peer.have(await peer.log(one.wire)).seq == 1
    assert await peer.llama.book.refusals() == {"gap": 1}


async def test_the_golden_batches_are_judged_as_over_a_broker(peer: Peer) -> None:
    await peer.admit()
    for case in GOLDEN:
        assert case["node_id"] == NODE.node_id
        answer = await peer.log(bytes.fromhex(case["wire"]))
        if "refused" in case:
            assert answer == (400, case["refused"].encode()), case["name"]
        else:
            have = peer.have(answer)
            held = (case["events"][-1]["seq"], case["hash"])
            assert (have.seq, have.hash.hex()) == held, case["name"]
    refused = {case["refused"] for case in GOLDEN if "refused" in case}
    assert set(await peer.llama.book.refusals()) - {"payload"} == refused


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed"),
        (b"<html>", "malformed"),
        (b"HBH\x01" + bytes(200), "signature"),
        (bytes(2000), "oversized"),
        (bytes(10_000_000), "oversized"),
        (seal_hello(identity(2), Hello("x", "1", 0)), "wrong_node"),
    ],
    ids=["nothing", "html", "forged", "2 kB", "10 MB", "another node's"],
)
async def test_a_hello_that_is_none_is_refused_by_its_reason(
    peer: Peer, body: bytes, reason: str
) -> None:
    path = topics.path(topics.hello(NODE.node_id))
    assert await peer.post(path, body) == (400, reason.encode())
    assert await peer.llama.book.nodes() == []
    assert await peer.llama.book.refusals() == {f"hello_{reason}": 1}


async def test_forged_batches_change_nothing(peer: Peer) -> None:
    await peer.admit()
    good = chain([1])[0].wire
    held = peer.have(await peer.log(good))
    forged = {
        "signature": good[:-1] + bytes([good[-1] ^ 1]),
        "wrong_node": seal(identity(2), GENESIS, [event(1)]).wire,
        "malformed": b"nonsense",
        "oversized": bytes(MAX_WIRE + 1),
        "fork": seal(NODE, GENESIS, [event(1, kind="fork")]).wire,
        "chain": seal(NODE, GENESIS, [event(2)]).wire,
    }
    for reason, wire in forged.items():
        assert await peer.log(wire) == (400, reason.encode())
    assert await peer.llama.book.refusals() == dict.fromkeys(forged, 1)
    now = peer.have(await peer.hello(seq=1))
    assert (now.seq, now.hash) == (held.seq, held.hash)


async def test_strangers_are_told_no_more_than_whether_a_node_is_approved(peer: Peer) -> None:
    await peer.admit()
    peer.have(await peer.log(chain([3])[0].wire))
    stranger = identity(2)
    assert await peer.log(b"what have you?") == (400, b"malformed")
    assert await peer.log(b"what have you?", stranger.node_id) == (403, b"unapproved")
    for method, path in (
        ("GET", topics.path(topics.hello(NODE.node_id))),
        ("POST", "/herdbook/v1/node/NOT AN ID/hello"),
        ("POST", f"/herdbook/v1/node/{NODE.node_id}/availability"),
        ("GET", "/"),
        ("GET", "/api/ws"),
    ):
        async with peer.session.request(method, path) as answer:
            assert answer.status in {404, 405}
            assert NODE.node_id.encode() not in await answer.read()
            assert "Herdbook" not in answer.headers
    assert peer.have(await peer.hello(seq=3)).seq == 3


async def test_a_flood_of_strangers_is_bounded_and_the_herd_goes_on(
    peer: Peer, clock: ManualClock
) -> None:
    await peer.admit()
    answers = [
        await peer.hello(Identity(number.to_bytes(32, "big")), name=f"False {number}")
        for number in range(100)
    ]
    statuses = [status for status, _ in answers]
    assert statuses == [200] * (STRANGERS_AT_ONCE - 1) + [429] * (101 - STRANGERS_AT_ONCE)
    nodes = await peer.llama.book.nodes()
    assert len(nodes) == STRANGERS_AT_ONCE
    # Nor is any of what is refused written down now.
    assert await peer.log(b"nonsense") == (429, b"crowded")
    assert await peer.llama.book.refusals() == {}
    assert peer.have(await peer.log(chain([1])[0].wire)).seq == 1
    # One that waits already goes on asking; more come as time goes by, until the gate is full.
    assert (await peer.hello(Identity(bytes(32))))[0] == 200
    clock.advance(10 * STRANGERS_EVERY_MS)
    late = [await peer.hello(Identity(n.to_bytes(32, "big"))) for n in range(500, 520)]
    assert [status for status, _ in late] == [200] * 1 + [429] * 19
    assert len(await peer.llama.book.nodes()) == MAX_WAITING + 1


async def test_an_approved_node_is_told_of_its_neighbours_and_nobody_else_is(
    peer: Peer, clock: ManualClock
) -> None:
    cellar = Teller(peer.llama.book, identity(2))
    await cellar.join("Cellar")
    await cellar.tell(cellar.event(), fact(cellar, "20 minutes"))
    path = topics.path(topics.ask(NODE.node_id))
    ask = seal_ask(NODE, Ask(5, 5, bytes(range(16))))
    await peer.hello()
    assert await peer.post(path, ask) == (403, b"unapproved")
    await peer.llama.herd.approve(NODE.node_id)
    counts = []
    for _ in range(2):
        status, wire = await peer.post(path, ask)
        assert status == 200
        key, told = open_neighbours(wire, NODE.node_id)
        assert key == peer.llama.identity.public_key
        assert (told.nonce, told.told_ms) == (bytes(range(16)), clock.wall_ms())
        assert [one.node for one in told.observations] == ["Cellar"]
        assert [one.value for one in told.memories] == ["20 minutes"]
        counts.append(told.count)
    assert counts[0] < counts[1]
    forged = {
        "wrong_node": seal_ask(identity(2), Ask(5, 5, bytes(16))),
        "signature": ask[:-1] + bytes([ask[-1] ^ 1]),
        "malformed": seal_hello(NODE, Hello("x", "1", 0)),
        "oversized": ask + bytes(2000),
    }
    for reason, body in forged.items():
        assert await peer.post(path, body) == (400, reason.encode())
    assert await peer.llama.book.refusals() == {f"ask_{reason}": 1 for reason in forged}
    await peer.llama.herd.retire(cellar.node_id)
    _, wire = await peer.post(path, ask)
    _, told = open_neighbours(wire, NODE.node_id)
    assert (told.observations, told.memories) == ([], [])
    await peer.llama.herd.retire(NODE.node_id)
    assert await peer.post(path, ask) == (403, b"unapproved")


async def test_a_full_disk_acknowledges_nothing(
    peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    await peer.admit()
    book = peer.llama.book
    await book._read(lambda c: c.execute("PRAGMA max_page_count=1").fetchone())
    wire = seal(NODE, GENESIS, [event(n) for n in range(1, 1001)]).wire
    assert await peer.log(wire) == (503, b"storage")
    assert "come again later" in caplog.text
    await book._read(lambda c: c.execute("PRAGMA max_page_count=1000000").fetchone())
    assert peer.have(await peer.log(wire)).seq == 1000


async def test_a_batch_that_is_cut_off_is_nothing(peer: Peer) -> None:
    await peer.admit()
    wire = chain([5])[0].wire
    for part in (1, 148, len(wire) - 1):
        _, writer = await asyncio.open_connection("127.0.0.1", peer.llama.port)
        head = f"POST {topics.path(topics.log(NODE.node_id))} HTTP/1.1\r\nHost: x\r\n"
        writer.write(f"{head}Content-Length: {len(wire)}\r\n\r\n".encode() + wire[:part])
        await writer.drain()
        writer.transport.abort()
    assert peer.have(await peer.hello()).seq == 0
    assert peer.have(await peer.log(wire)).seq == 5
    assert await peer.llama.book.refusals() == {}


@pytest.mark.parametrize(
    "rest",
    [
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nab\r\n0\r\n\r\n",
        b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
        b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\nabcde",
        b"Content-Length: 5\r\n\r\nab",
    ],
    ids=["no length", "wrong length", "gzip", "brotli", "short"],
)
async def test_a_body_that_is_none_is_nothing(peer: Peer, rest: bytes) -> None:
    await peer.admit()
    reader, writer = await asyncio.open_connection("127.0.0.1", peer.llama.port)
    writer.write(f"POST {topics.path(topics.log(NODE.node_id))} HTTP/1.1\r\n".encode())
    writer.write(b"Host: x\r\n" + rest)
    writer.write_eof()
    async with asyncio.timeout(10):
        assert b" 500 " not in await reader.read()
    writer.close()
    assert peer.have(await peer.log(chain([1])[0].wire)).seq == 1


async def test_a_body_in_pieces_or_compressed_is_read_no_further_than_a_batch(peer: Peer) -> None:
    await peer.admit()

    async def for_ever() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield bytes(1 << 16)

    path = topics.path(topics.log(NODE.node_id))
    status, _ = await peer.post(path, for_ever())
    assert status == 400
    wire = chain([1])[0].wire

    async def by_bytes() -> AsyncIterator[bytes]:
        for offset in range(0, len(wire), 50):
            yield wire[offset : offset + 50]

    assert peer.have(await peer.post(path, by_bytes())).seq == 1


async def test_who_is_heard_is_online_and_who_falls_silent_is_not(
    peer: Peer, clock: ManualClock
) -> None:
    await peer.admit()
    [node] = await peer.llama.herd.nodes()
    assert node.online
    clock.advance(SILENT_MS - 1)
    await peer.log(chain([1])[0].wire)
    clock.advance(SILENT_MS - 1)
    await asyncio.sleep(0.05)
    assert (await peer.llama.herd.nodes())[0].online
    clock.advance(1)
    async with asyncio.timeout(10):
        while peer.llama.heard.nodes[-1].online:
            await asyncio.sleep(0.01)
    await peer.hello(seq=1)
    assert peer.llama.heard.nodes[-1].online
    await peer.llama.herd.forget(NODE.node_id)
    assert peer.llama.heard.gone == [NODE.node_id]
    assert await peer.llama.herd.nodes() == []


async def test_nothing_of_a_request_is_logged(peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await peer.hello(name="A name in the hello")
    await peer.log(b"canary")
    assert "canary" not in caplog.text
    assert "A name in the hello" not in caplog.text


def test_heartbeats_lapse_each_by_its_own() -> None:
    heartbeats = Heartbeats()
    assert heartbeats.hear("a", 0)
    assert heartbeats.hear("b", 10)
    assert not heartbeats.hear("a", 20)
    assert heartbeats.lapse(SILENT_MS + 15) == ["b"]
    assert heartbeats.lapse(SILENT_MS + 20) == ["a"]
    assert not heartbeats.is_online("a")
