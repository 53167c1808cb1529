"""Looking for a sentence in every file of a folder, in every form a program might have kept it."""

import base64
import json
from pathlib import Path
from urllib.parse import quote, quote_plus


def forms(sentence: str) -> dict[str, bytes]:
    """The bytes to look for, by the name of the form."""
    plain = sentence.encode()
    found = {
        "UTF-8": plain,
        "UTF-16 LE": sentence.encode("utf-16-le"),
        "UTF-16 BE": sentence.encode("utf-16-be"),
        "JSON": json.dumps(sentence)[1:-1].encode(),
        "URL": quote(sentence).encode(),
        "form": quote_plus(sentence).encode(),
        "hexadecimal": plain.hex().encode(),
    }
    for offset in range(3):
        # base64 of the same bytes differs with where they begin; its ends depend on the neighbours.
        digits = base64.b64encode(b"\0" * offset + plain).rstrip(b"=")
        found[f"base64 at {offset}"] = digits[4 if offset else 0 : -1]
    return found


def find(folder: Path, sentence: str) -> list[str]:
    """Where the sentence stands under `folder`, as “path (form)”; empty when nowhere."""
    wanted = forms(sentence)
    places = []
    for path in sorted(folder.rglob("*")):
        try:
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        except FileNotFoundError:  # a running program took its temporary file away
            continue
        places += [
            f"{path.relative_to(folder)} ({form})"
            for form, needle in wanted.items()
            if needle in content
        ]
    return places
