"""Reading the vectors: what a case says, made into a vault's folder.

A case takes one of the vaults in `vaults.json`, applies `changes` to its files in order, and says
what comes of opening it with `secret` by the wrap `way`:

    outcome        opens, wrong_secret, recovery_code_invalid, unsupported or damaged
    drops          when it opens: how many drops of the inbox are read and how many refused
    damaged_pages  when it is damaged: the pages whose tags fail, where that is the damage
    text           when it opens: a text that is in it, or was lost when it begins with “-”
"""

import base64
import json
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
TOPICS = ("secrets", "header", "pages", "log", "inbox", "changes")
PAGE, FRAME = 4096, 4120


def read_cases() -> list[dict[str, Any]]:
    """All cases, each with the `topic` whose file it is in."""
    return [
        {**case, "topic": topic}
        for topic in TOPICS
        for case in json.loads((FOLDER / f"{topic}.json").read_text(encoding="utf-8"))
    ]


def make_folder(case: dict[str, Any], vaults: dict[str, Any], folder: Path) -> None:
    """Write the files of a case into an empty folder."""
    for name, data in vaults[case["vault"]]["files"].items():
        (folder / name).write_bytes(data)
    for change in case.get("changes", []):
        _apply(change, vaults, folder)


def _apply(change: dict[str, Any], vaults: dict[str, Any], folder: Path) -> None:
    path = folder / change.get("file", "header.json")
    match change["do"]:
        case "remove":
            path.unlink()
        case "set":
            path.write_text(_set(json.loads(path.read_text()), change))
        case "sql":
            with closing(sqlite3.connect(path)) as connection, connection:
                values = [base64.b64decode(value) for value in change.get("values", [])]
                connection.execute(change["sql"], values)
        case "text":
            path.write_text(change["text"])
        case "take":
            data = vaults[change["from"]]["files"][change["file"]]
            (folder / change.get("as", change["file"])).write_bytes(data)
        case what:
            edited = bytearray(path.read_bytes())
            _edit(edited, what, change, vaults)
            path.write_bytes(edited)


def _set(document: Any, change: dict[str, Any]) -> str:
    """A member of the header by its path: another value, or gone without one."""
    *parents, last = change["at"]
    place = document
    for name in parents:
        place = place[name]
    if "value" in change:
        place[last] = change["value"]
    else:
        del place[last]
    return json.dumps(document)


def _edit(data: bytearray, what: str, change: dict[str, Any], vaults: dict[str, Any]) -> None:
    a, b = ((number - 1) * PAGE for number in change.get("pages", (1, 1)))
    match what:
        case "flip":
            data[change["at"]] ^= change["bits"]
        case "cut":
            del data[change["to"] :]
        case "write":
            new = base64.b64decode(change["data"])
            data[change["at"] : change["at"] + len(new)] = new
        case "swap pages":
            data[a : a + PAGE], data[b : b + PAGE] = data[b : b + PAGE], data[a : a + PAGE]
        case "copy page":
            source = vaults[change["from"]]["files"][change["file"]] if "from" in change else data
            data[b : b + PAGE] = source[a : a + PAGE]
        case "mend log":
            mend_log(data)
        case _:
            raise ValueError(what)


def mend_log(log: bytearray) -> None:
    """Make the checksums of a log fit what is in it, as anybody can: they need no key."""
    order = ">" if log[3] & 1 else "<"

    def checksum(data: bytes, sums: tuple[int, int]) -> tuple[int, int]:
        first, second = sums
        words = struct.unpack(f"{order}{len(data) // 4}I", data)
        for i in range(0, len(words), 2):
            first = (first + words[i] + second) & 0xFFFFFFFF
            second = (second + words[i + 1] + first) & 0xFFFFFFFF
        return first, second

    sums = checksum(bytes(log[:24]), (0, 0))
    log[24:32] = struct.pack(">2I", *sums)
    for place in range(32, len(log) - FRAME + 1, FRAME):
        if log[place + 8 : place + 16] != log[16:24]:
            break
        sums = checksum(bytes(log[place : place + 8]), sums)
        sums = checksum(bytes(log[place + 24 : place + FRAME]), sums)
        log[place + 16 : place + 24] = struct.pack(">2I", *sums)
