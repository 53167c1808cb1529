"""How a person wants the panel: kept in their vault, SQL within the caller's transaction."""

from typing import Literal

import apsw
import msgspec


class Settings(msgspec.Struct, frozen=True):
    """Every choice, as it comes.

    The vault locks after `lock_after_min` minutes without use. `enter_sends` where there is a
    keyboard; else it breaks the line. `single_keys` lead to pages while nothing is being typed.
    `keep_place` leaves in photos where they were taken. Without `ai` no model sees the journal.
    The panel's `language` is “auto” as the browser asks.
    """

    theme: Literal["system", "light", "dark"] = "system"
    text_size: Literal["normal", "large", "larger"] = "normal"
    clock: Literal["24", "12"] = "24"
    week_start: Literal["monday", "sunday", "saturday"] = "monday"
    enter_sends: bool = True
    single_keys: bool = True
    lock_after_min: Literal[5, 15, 30, 60, 240] = 15
    keep_place: bool = False
    ai: bool = True
    language: Literal["auto", "en", "de", "nl", "fr", "es"] = "auto"


def read(connection: apsw.Connection) -> Settings:
    """The settings; a value of another release, that this one does not know, is as it comes."""
    kept = {str(name): str(value) for name, value in connection.execute("SELECT * FROM settings")}
    known = {}
    for field in msgspec.structs.fields(Settings):
        try:
            known[field.name] = msgspec.json.decode(kept[field.name], type=field.type)
        except (KeyError, msgspec.MsgspecError):
            continue
    return Settings(**known)


def write(connection: apsw.Connection, settings: Settings) -> None:
    """Keep all of them; what other releases keep beside them stays."""
    connection.executemany(
        "INSERT OR REPLACE INTO settings VALUES(?, ?)",
        [
            (name, msgspec.json.encode(value).decode())
            for name, value in msgspec.structs.asdict(settings).items()
        ],
    )
