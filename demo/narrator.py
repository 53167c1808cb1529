"""What the demo says. Owns the words' form on screen: one line a step, with its seconds."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Narrator:
    """Prints steps with the time they took; quiet when nobody listens."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._plain = not sys.stdout.isatty()

    def say(self, text: str = "") -> None:
        """One line."""
        if not self._quiet:
            print(text, flush=True)

    def title(self, text: str) -> None:
        """A line that begins a part."""
        self.say(f"==> {text}" if self._plain else f"\033[1m==>\033[0m {text}")

    def done(self, text: str, seconds: float) -> None:
        """Something that happened, and how long it took."""
        mark = "ok" if self._plain else "\033[32m✓\033[0m"
        self.say(f"  {mark} {seconds:6.2f} s  {text}")

    def failed(self, text: str) -> None:
        """Something that did not happen."""
        self.say(f"  {'failed' if self._plain else chr(27) + '[31m✗' + chr(27) + '[0m'}  {text}")

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say that something is done, once the block has ended well."""
        start = time.monotonic()
        yield
        self.done(text, time.monotonic() - start)
