"""Drafts that wait for their recovery code to be typed back: in memory only, for a while."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Final

from herdbook.clock import Clock
from herdbook.errors import InputError

LIMIT_MS: Final = 15 * 60_000
COUNT_LIMIT: Final = 256
"""Each took key derivations, of which one runs at a time: so many take minutes to make."""


@dataclass(frozen=True, slots=True)
class _Waiting[T]:
    draft: T
    expires_ms: int


class Pending[T]:
    """Drafts by random token, each for `LIMIT_MS`, at most `COUNT_LIMIT` at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, _Waiting[T]] = {}

    def add(self, draft: T) -> str:
        """Keep a draft; returns its token. The oldest makes room: nobody is kept out by others."""
        self.forget_expired()
        while len(self._waiting) >= COUNT_LIMIT:
            del self._waiting[next(iter(self._waiting))]
        token = token_urlsafe(32)
        self._waiting[token] = _Waiting(draft, self._clock.monotonic_ms() + LIMIT_MS)
        return token

    def get(self, token: str) -> T:
        """A draft that still waits. Raises `InputError` when it has expired or never was."""
        self.forget_expired()
        waiting = self._waiting.get(token)
        if waiting is None:
            raise InputError(
                "This page is too old to go on from: nothing was made yet.",
                fix="Start again.",
                reason="page_expired",
            )
        return waiting.draft

    def forget(self, token: str) -> None:
        """Let a draft go; an unknown token is no error."""
        self._waiting.pop(token, None)

    def forget_where(self, unwanted: Callable[[T], bool]) -> None:
        """Let go of all drafts for which `unwanted` says so."""
        for token in [key for key, waiting in self._waiting.items() if unwanted(waiting.draft)]:
            del self._waiting[token]

    def forget_expired(self) -> None:
        """Let go of the drafts whose time is over."""
        now = self._clock.monotonic_ms()
        for token in [key for key, waiting in self._waiting.items() if waiting.expires_ms <= now]:
            del self._waiting[token]
