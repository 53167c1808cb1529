"""The Markdown of Day One as people write it: few backslashes, and files named where they stood.

Pure. Day One puts a backslash before every mark that Markdown might mean something by.
"""

import re
from collections.abc import Container
from typing import Final

_ESCAPE: Final = re.compile(r"\\(.)")
_LETTER: Final = re.compile(r"[^\W\d_]")
_FENCE: Final = "```"
_FILE: Final = re.compile(
    r"!\[[^\]\n]{0,200}\]\(dayone-moment:/{1,2}(?:[A-Za-z]{1,20}/)?([0-9A-Za-z-]{1,64})\)"
)
_FILE_LENGTH: Final = 320
"""Characters of such a mention, at most."""
_NAME: Final = re.compile(r"[a-z]+/[0-9A-Fa-f]{32}\.[0-9A-Za-z]{1,8}")


def plain(text: str) -> str:
    """The text without the backslashes that change nothing of how it looks."""
    lines, code = [], False
    for line in text.split("\n"):
        fence = line.count(_FENCE) % 2 == 1 or line.lstrip().startswith("~~~")
        # In code a backslash is one, and in the address of a link it is safer left.
        kept = code or fence or "`" in line or "](" in line or line.startswith(("    ", "\t"))
        lines.append(line if kept else _plain_line(line))
        code ^= fence
    return "\n".join(lines)


def identifiers(text: str) -> list[str]:
    """What the text calls the files that it shows, in their order."""
    return _FILE.findall(text)


def named(text: str, coming: dict[str, str], lost: dict[str, str]) -> str:
    """The text with the names of its files, which it knows by an identifier, as code.

    Those that are `coming` stand below the entry: they are named only amid words, so that one sees
    where they belonged. Of those that are `lost` each is named, at the end if the text did not show
    it; a name that Day One would not give is left out.
    """
    text = _outermost(text, coming.keys())
    names = {key: f"`{name}`" for key, name in lost.items() if _NAME.fullmatch(name)}
    shown = set(_FILE.findall(text))
    within = names | {key: f"`{name.replace('`', '')}`" for key, name in coming.items()}
    text = _FILE.sub(lambda found: within.get(found[1], ""), text)
    return "\n\n".join([text, *(name for key, name in names.items() if key not in shown)])


def _outermost(text: str, keys: Container[str]) -> str:
    """The text without the files of these `keys` with which it begins and ends."""
    text = text.strip()
    while (first := _FILE.match(text)) and first[1] in keys:
        text = text[first.end() :].lstrip()
    while text.endswith(")"):
        begin = text.rfind("![", max(0, len(text) - _FILE_LENGTH))
        last = _FILE.match(text, begin) if begin >= 0 else None
        if last is None or last.end() != len(text) or last[1] not in keys:
            break
        text = text[:begin].rstrip()
    return text


def _plain_line(line: str) -> str:
    letter = _LETTER.search(line)
    first = letter.start() if letter else len(line)

    def unneeded(mark: str, start: int, end: int) -> bool:
        inside = start > first
        before, after = line[start - 1 : start], line[end : end + 1]
        match mark:
            case "." | ")":  # “1. ” begins a list
                return inside or bool(after.strip())
            case "-" | "+":
                return inside or (before.isdigit() and after.isdigit())
            case "(":
                return before != "]"
            case "!":
                return after not in {"[", "\\"}
            case "#":
                return inside and before != "&" and after.isalnum()
        return False

    return _ESCAPE.sub(
        lambda found: found[1] if unneeded(found[1], *found.span()) else found[0], line
    )
