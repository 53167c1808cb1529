"""What a look into a whole running Llama finds. docs/threat-model.md says it, too.

Two browsers and Home Assistant use a vault in every way, and change all of its keys. While it is
unlocked the look must find every kind of secret, or it is blind. Once it is locked it must find
none: no text in any form, no password, no recovery code, no key, old or new.

Asserted of a locked Llama, but not seen in an unlocked one, for they live for microseconds: the
keys that are derived from a password or a code. Not asserted: what the kernel holds (a page on its
way through a socket, swap), and anything where the C library is not glibc.
"""

import asyncio
import re
import secrets
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo.minilm import minilm
from herdbook.crypto.kdf import derive_key
from herdbook.embedding.embedder import Embedder
from herdbook.vault.engine import connect
from herdbook.vault.folder import DATABASE, current_header, unlock
from tests.journal.pictures import picture
from tests.llama.running import Browser, Llama, running
from tests.memory import forms_of

pytestmark = pytest.mark.shipped

PATIENCE_S = 30
WORDS = (
    *("cat", "dog", "boiler", "roof", "garden", "piano", "snow"),
    *("train", "bread", "doctor", "school", "fence", "letter", "lamp"),
)
DAYS = ("2026-01-02", "2026-01-03", "2026-01-04")


@dataclass
class Secrets:
    """What must not remain. All texts have `mark` in them, all passwords `password`."""

    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    password: str = field(default_factory=lambda: secrets.token_hex(8))
    codes: list[str] = field(default_factory=list)
    keys: dict[str, bytes] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def take_keys(self, generation: str, vault: Path, copy: Path, password: str) -> None:
        """All keys of the vault as it is now, by opening a copy of it."""
        shutil.copytree(vault, copy)
        dek = unlock(copy, password)
        database = connect(copy / DATABASE, dek)
        rows = database.execute("SELECT name, value FROM vault_keys").fetchall()
        database.close()
        header = current_header(copy).header
        self.keys |= {f"{generation} {name}": key[:32] for name, key in rows}
        self.keys[f"{generation} dek"] = dek
        for wrap in header.wraps:
            secret = password if wrap.purpose == "password" else self.codes[-1]
            kek = derive_key(secret, wrap.salt, header.kdf.parameters())
            self.keys[f"{generation} kek {wrap.purpose}"] = kek

    def gone_when_locked(self) -> dict[str, bytes]:
        forms = dict(self.keys)
        for name, key in self.keys.items():
            forms |= {f"{name} in hex": key.hex().encode(), f"{name} in HEX": _upper_hex(key)}
        for number, code in enumerate(self.codes):
            forms |= {f"code {number}": code[:19].encode(), f"bare code {number}": _bare(code)}
        return (
            forms
            | self._in_all_forms("text", self.mark)
            | self._in_all_forms("password", self.password)
        )

    def seen_while_unlocked(self) -> dict[str, bytes]:
        forms = self._in_all_forms("text", self.mark)
        for kind in ("entry", "draft", "earlier", "changed", "deleted", "drop", "link", "file"):
            forms[kind] = f"{self.mark} {kind}".encode()
        return forms | {
            "page": f"<p>{self.mark} entry".encode(),
            "form": f"text={self.mark}+form".encode(),
            "password": self.password.encode(),
            "code": self.codes[1].encode(),
            "waiting code": self.codes[2].encode(),
            "dek": self.keys["new dek"],
            "inbox key": self.keys["new inbox"],
        }

    def form(self) -> str:
        return f"password={self.password}&code={self.codes[1]}&text={self.mark}+form&end="

    @staticmethod
    def _in_all_forms(name: str, text: str) -> dict[str, bytes]:
        return {f"{name} form {number}": form for number, form in enumerate(forms_of(text))}


def _upper_hex(key: bytes) -> bytes:
    return key.hex().upper().encode()


def _bare(code: str) -> bytes:
    return code.replace("-", "")[:16].encode()


async def create(ada: Browser, password: str) -> str:
    """A new vault's recovery code."""
    await ada.post("/create", name="Ada", password=password, again=password)
    code = await ada.code("/create/code")
    await ada.post("/create/confirm", code=code.lower())
    return code


async def live(llama: Llama, ada: Browser, other: Browser, folder: Path) -> Secrets:
    """Make a vault, change its keys, and use it in every way; the last new code still waits."""
    known = Secrets()
    old, new = f"four words {known.password}", f"five words {known.password}"
    known.codes.append(await create(ada, old))
    (vault,) = (llama.folder / "vaults").iterdir()
    known.take_keys("old", vault, folder / "old", old)

    await ada.post("/keys/rotation", secret=old)
    known.codes.append(await ada.code("/keys/code"))
    await ada.post("/keys/confirm", code=known.codes[1].replace("-", " "))
    await until(lambda: is_at(ada, f"/day/{DAYS[0]}", "composer"))
    await ada.post("/keys/password", secret=old, password=new, again=new)
    known.take_keys("new", vault, folder / "new", new)
    await other.post("/sign-in", name="Ada", secret=new)

    # Characters beyond Latin-1 and beyond 16 bits: Python holds such texts in other forms. Long
    # ones are in its hands for a while.
    for day, more in zip(DAYS, ("", " “naïvely”", " 🦙"), strict=True):
        for number in range(3):
            await ada.write(day, f"{known.mark} entry {number}{more}")
        await ada.write(day, f"{known.mark} entry, {known.mark} *again*{more}\n" * 300)
    await other.write(DAYS[0], f"{known.mark} link, see https://example.org/{known.mark} " * 40)
    await other.write(DAYS[1], f"{known.mark} earlier")
    await other.write(DAYS[1], f"{known.mark} deleted")
    _, page = await other.get(f"/day/{DAYS[1]}")
    *_, changed, deleted = re.findall(r'id="entry-([0-9a-f]{32})"', page)
    await other.write(DAYS[1], f"{known.mark} changed", entry=changed, to=DAYS[1])
    await other.post(f"/entry/{deleted}/delete")
    await other.get(f"/entry/{changed}/versions")
    # A photo has its words where the place would be; of other files some are let go, sent and left.
    photo = b"\xff\xd8\xff\xfe\x10\x02" + f"{known.mark} photo".encode().ljust(0x1000)
    photo += picture("image/jpeg", (900, 600))[2:]
    paper = f"{known.mark} file ".encode() * 40_000
    for number, key in enumerate((None, "1" * 32, "2" * 32)):
        for name, data in (("photo", photo), ("paper", paper)):
            address = await ada.attach(
                DAYS[0], f"{known.mark} {name}", data + bytes(number), key or "3" * 32
            )
            known.files.append(address)
        if key:
            await ada.post(f"/day/{DAYS[0]}/entries", text=f"{known.mark} entry", key=key)
    await ada.post(f"/day/{DAYS[0]}{known.files[0].replace('file', 'files')}/remove", key="3" * 32)
    del known.files[0]
    # It goes out and waits to come in again, once with all there is and once with nothing known.
    for kind in ("json", "markdown", "html"):
        taken = await ada.take_out(kind)
        assert "are in your journal already" in await ada.bring(taken)
    anew = re.sub(
        rb"(&quot;id&quot;:&quot;)[0-9a-f]{4}", rb"\g<1>" + secrets.token_hex(2).encode(), taken
    )
    assert "files come along" in await ada.bring(anew)
    await llama.drop(f"{known.mark} drop")
    await ada.post("/keys/new-code", secret=new)
    known.codes.append(await ada.code("/keys/code"))
    return known


async def use(llama: Llama, known: Secrets, day: str, enough: asyncio.Event) -> None:
    """Read and write a day's page in a browser of its own."""
    browser = await llama.browser()
    await browser.post("/sign-in", name="Ada", secret=f"five words {known.password}")
    while not enough.is_set():
        await browser.get(f"/day/{day}")
        for file in known.files:
            await browser.fetch(file)
        await browser.post(
            f"/day/{day}/draft", text=f"{known.mark} draft", key="d" * 32, writer="e" * 32
        )


async def half_a_form(llama: Llama, body: str) -> asyncio.StreamWriter:
    """Begin to send a form; it lacks one byte."""
    _, writer = await asyncio.open_connection("127.0.0.1", int(llama.url.rpartition(":")[2]))
    llama.stack.callback(writer.close)
    writer.write(
        "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body) + 1}\r\n\r\n{body}".encode()
    )
    return writer


async def poll(browser: Browser) -> str:
    """Ask as an open page does, only faster, until the answer is that the vault is locked."""
    while True:
        status, answer = await browser.get(f"/day/{DAYS[0]}/house?vault=open")
        if status != 200:
            assert status == 423
            return answer


async def is_at(browser: Browser, path: str, word: str) -> bool:
    return word in (await browser.get(path))[1]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(0.05)


async def until_gone(llama: Llama, known: Secrets) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while left := await llama.finds(known.gone_when_locked()):
            print("still there", left)


@pytest.mark.parametrize("how", ["by the button", "by the idle time"])
async def test_a_locked_llama_holds_nothing_of_a_vault(tmp_path: Path, how: str) -> None:
    async with running(tmp_path) as llama:
        ada, other = await llama.browser(), await llama.browser()
        known = await live(llama, ada, other, tmp_path)

        unseen = known.seen_while_unlocked()
        upload = await half_a_form(llama, known.form())
        enough = asyncio.Event()
        busy = asyncio.gather(*(use(llama, known, day, enough) for day in DAYS))
        async with asyncio.timeout(PATIENCE_S):
            while unseen:
                assert not busy.done()
                seen = await llama.finds(unseen)
                unseen = {name: form for name, form in unseen.items() if name not in seen}
        enough.set()
        await busy
        upload.write(b".")
        held = await llama.ask("held")
        assert isinstance(held, dict)
        assert {"Connection", "Journal", "OpenVault", "Vault"} <= held.keys()

        page = asyncio.create_task(poll(ada))
        if how == "by the button":
            await other.post("/lock", text=f"{known.mark} unsent", day=DAYS[2], key="f" * 32)
        else:
            await llama.ask("idle")
        answer = await asyncio.wait_for(page, PATIENCE_S)
        assert known.mark not in answer
        await llama.drop(f"{known.mark} drop at the door")

        await until_gone(llama, known)
        assert await llama.ask("held") == {}


async def test_a_llama_that_opened_no_vault_yet_holds_nothing_either(tmp_path: Path) -> None:
    known = Secrets()
    async with running(tmp_path) as llama:
        known.codes.append(await create(await llama.browser(), "some other password"))
    async with running(tmp_path) as llama:
        browser = await llama.browser()
        for number in range(3):
            await llama.drop(f"{known.mark} drop {number}")
            fields = {"name": "Ada", "secret": f"{known.password} {number}"}
            async with browser.session.post("/sign-in", data=fields) as answer:
                assert answer.status == 403
        await until_gone(llama, known)


@pytest.mark.parametrize("ai", [True, False])
async def test_where_the_house_has_no_ai_no_model_is_loaded(tmp_path: Path, ai: bool) -> None:
    async with running(tmp_path, minilm(), ai=ai) as llama:
        ada = await llama.browser()
        await create(ada, "six words of a password")
        await ada.write(DAYS[0], "Rain all day.")
        said = "Your one entry can be found" if ai else "AI is switched off for this house."
        await until(lambda: is_at(ada, "/settings", said))
        maps = Path(f"/proc/{llama.process.pid}/maps")
        assert ("onnxruntime" in await asyncio.to_thread(maps.read_text)) == ai


async def test_a_model_holds_nothing_once_the_vault_is_locked(tmp_path: Path) -> None:
    """Neither what it was asked nor what it made of it."""
    known = Secrets()
    text = " ".join(secrets.choice(WORDS) for _ in range(12))
    embedder = await Embedder.load(minilm())
    sides, half = await embedder.kept(text)
    vector = (await embedder.vector(text)).tobytes()
    await embedder.close()
    async with running(tmp_path, minilm()) as llama:
        ada = await llama.browser()
        known.codes.append(await create(ada, f"six words {known.password}"))
        (vault,) = (llama.folder / "vaults").iterdir()
        known.take_keys("only", vault, tmp_path / "only", f"six words {known.password}")
        for _ in range(5):
            await ada.write(DAYS[0], text)
        await until(lambda: is_at(ada, "/settings", "All 5 entries"))
        for _ in range(5):
            found = await ada.post("/search", query=text, order="best")
            assert found.count('class="result"') == 5
        wanted = {
            "text": text[:40].encode(),
            "half floats": half[:64],
            "vector": vector[:64],
            "sides": sides[:24],
        }
        assert {"text", "half floats"} <= await llama.finds(wanted), "it looks in the right place"
        await ada.post("/lock")
        async with asyncio.timeout(PATIENCE_S):
            while left := await llama.finds(known.gone_when_locked() | wanted):
                print("still there", left)
