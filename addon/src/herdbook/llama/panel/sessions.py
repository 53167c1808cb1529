"""Who is at the browser: sessions, in memory only, found by the hash of a random token.

Owns no cookie and no vault. Being signed in opens nothing: a vault locks on its own clock, and a
session beyond that may only write into the inbox.
"""

from asyncio import Lock
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

from herdbook.clock import Clock
from herdbook.house.asked import Asked
from herdbook.journal.settings import Settings
from herdbook.llama.opening import Opening

LIFETIME_MS: Final = 24 * 3_600_000
"""Without use."""
LIMIT: Final = 256
"""Sessions at once; the longest unused one makes room, one signed in to nothing before others."""


@dataclass(slots=True)
class Session:
    """One browser.

    `user_id` is the user of Home Assistant whose browser it is, where that is known: it is nobody
    else's session. `opening` is what signing in gave: it says who is there, also when it opens
    nothing any more; `settings` are the person's, as they were when it last opened something.
    `name` is of whoever locked here, for the sign-in page, and `settings` are theirs then;
    `creation` is the token of a vault being made, `change` that of keys being changed; `told` is
    what the keys or settings page has to say once; `sealed` says that something was written since
    the vault locked and waits in the inbox; `recalled` is what the house book was asked last.
    Whoever reads or writes holds `writing`: a page asked for at once shows what the last one left
    behind.
    """

    opening: Opening | None = None
    user_id: str | None = None
    name: str = ""
    creation: str | None = None
    change: str | None = None
    told: str = ""
    sealed: bool = False
    settings: Settings = field(default_factory=Settings)
    recalled: Asked = field(default_factory=Asked)
    writing: Lock = field(default_factory=Lock)


class Sessions:
    """All sessions of one Llama."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: OrderedDict[bytes, tuple[Session, int]] = OrderedDict()

    def start(self, session: Session) -> str:
        """Keep a session; returns its new token, 256 random bits."""
        while len(self._sessions) >= LIMIT:
            # Anybody can begin to make a vault: a crowd of those must sign nobody out.
            strangers = (key for key, (one, _) in self._sessions.items() if one.opening is None)
            del self._sessions[next(strangers, next(iter(self._sessions)))]
        token = token_urlsafe(32)
        self._sessions[_key(token)] = (session, self._clock.monotonic_ms())
        return token

    def find(self, token: str, *, used: bool = True) -> Session | None:
        """The session of a token, kept alive if it is `used`; None once it has ended."""
        key = _key(token)
        session, used_ms = self._sessions.get(key, (None, 0))
        now = self._clock.monotonic_ms()
        if session is None or now - used_ms > LIFETIME_MS:
            self._sessions.pop(key, None)
            return None
        if used:
            self._sessions[key] = (session, now)
            self._sessions.move_to_end(key)
        return session

    def end(self, token: str) -> None:
        """Forget a session; an unknown token is no error."""
        self._sessions.pop(_key(token), None)

    def forget_questions(self, person_id: str) -> None:
        """Forget what was asked in every session of a person."""
        for session, _ in self._sessions.values():
            if session.opening is not None and session.opening.person.id == person_id:
                session.recalled = Asked()

    def end_others(self, person_id: str, keep: Session | None = None) -> None:
        """Forget every session of a person but `keep`."""
        for key, (session, _) in list(self._sessions.items()):
            opening = session.opening
            if opening is not None and opening.person.id == person_id and session is not keep:
                del self._sessions[key]


def _key(token: str) -> bytes:
    return sha256(token.encode("utf-8", "backslashreplace")).digest()
