"""Questions on a terminal. Owns how they look in 80 columns, and what an empty answer means."""

import getpass
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Final

from herdbook.errors import InputError

_WIDTH: Final = 78
_NO: Final = {"n", "no"}
_YES: Final = {"y", "yes"}

type Check = Callable[[str], str | None]
"""What is wrong with an answer, or None."""


def fine(_answer: str) -> str | None:
    """Every answer is."""
    return None


class Questions:
    """Asks; or, told to ask nothing, takes each question's own answer."""

    def __init__(self, *, ask: bool) -> None:
        self._ask = ask

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""
        return self._ask

    def say(self, words: str = "") -> None:
        """Tell something, on standard error: standard output is for programs."""
        lines = textwrap.fill(words, _WIDTH, break_long_words=False, break_on_hyphens=False)
        print(lines, file=sys.stderr)

    def text(self, question: str, default: str = "", check: Check = fine) -> str:
        """One line; empty: the default. Asked again while something is wrong with it.

        Raises `InputError` when nobody is asked and the default will not do.
        """
        while True:
            answer = self._line(f"{question} [{default}]: " if default else f"{question}: ")
            answer = answer.strip() or default
            if (wrong := check(answer)) is None:
                return answer
            if not self._ask:
                raise InputError(f"{question}: {wrong}")
            self.say(f"  {wrong}")

    def secret(self, question: str) -> str:
        """One line that is not shown."""
        return getpass.getpass(f"{question}: ", sys.stderr) if self._ask else ""

    def agrees(self, question: str, *, default: bool) -> bool:
        """Yes or no."""

        def check(answer: str) -> str | None:
            return None if answer.lower() in _YES | _NO else "Please answer yes or no."

        return self.text(question, "yes" if default else "no", check).lower() in _YES

    def choice(self, question: str, choices: Sequence[str]) -> int:
        """Which of several, counted from 0; the first is the default."""
        self._list(question, choices)
        answer = self.text("Number", "1", lambda text: _outside(text, len(choices)))
        return int(answer) - 1

    def choices(self, question: str, choices: Sequence[str]) -> list[int]:
        """Which ones of several, counted from 0; all are the default."""

        def check(answer: str) -> str | None:
            if answer == "all":
                return None
            wrong = (_outside(one, len(choices)) for one in answer.replace(",", " ").split())
            return next((words for words in wrong if words is not None), None)

        self._list(question, choices)
        answer = self.text("Numbers", "all", check)
        if answer == "all":
            return list(range(len(choices)))
        return sorted({int(one) - 1 for one in answer.replace(",", " ").split()})

    def _list(self, question: str, choices: Sequence[str]) -> None:
        if not self._ask:
            return
        self.say()
        self.say(question)
        for number, words in enumerate(choices, start=1):
            print(f"  {number}  {words}"[:_WIDTH], file=sys.stderr)

    def _line(self, prompt: str) -> str:
        if not self._ask:
            return ""
        print(prompt, end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise InputError(
                "Nobody answers.", fix="Answer by options, and ask for no questions with --yes."
            )
        return line


def _outside(text: str, count: int) -> str | None:
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= count:
        return None
    return f"Please give a number from 1 to {count}."
