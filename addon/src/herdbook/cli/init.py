"""``herdbook alpaca init``: asks what a node has to know, writes its file, and tries it out."""

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from herdbook.cli import config_file, showing
from herdbook.cli.plain import plain
from herdbook.cli.questions import Questions
from herdbook.cli.running import EXIT_DONE, EXIT_FAILED
from herdbook.cli.toml_text import document_text
from herdbook.cli.trial import try_out
from herdbook.errors import InputError
from herdbook.files import replace_file

if TYPE_CHECKING:
    from herdbook.alpaca.nearby import Nearby

_LOOK_S: Final = 3.0
_MQTT: Final = 1883
_MQTT_TLS: Final = 8883
_HEAD: Final = "# Written by “herdbook alpaca init”. docs/guides/alpaca.md lists every key.\n"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Every question can be answered by an option, too."""
    yes_or_no = argparse.BooleanOptionalAction
    parser.add_argument("--yes", action="store_true", help="ask nothing: options and defaults")
    parser.add_argument("--overwrite", action="store_true", help="replace the file that is there")
    parser.add_argument(
        "--service", action="store_true", help="it will run as a service: say nothing of “run”"
    )
    parser.add_argument("--name", help="what the node is called")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where it keeps its log")
    parser.add_argument("--broker-host", metavar="HOST", help="the MQTT broker")
    parser.add_argument("--broker-port", type=int, metavar="PORT", help="1883, or 8883 with TLS")
    parser.add_argument("--broker-username", metavar="NAME")
    parser.add_argument(
        "--broker-password-file", type=Path, metavar="FILE", help="its first line; - is the input"
    )
    parser.add_argument("--broker-tls", action=yes_or_no, help="encrypt, and check the certificate")
    parser.add_argument("--broker-ca", metavar="FILE", help="your own authority's certificate")
    parser.add_argument("--llama-url", metavar="URL", help="a Llama's [herd], instead of a broker")
    parser.add_argument("--llama-ca", metavar="FILE", help="your own authority's certificate")
    parser.add_argument(
        "--sensor", action="append", metavar="KIND", help="read only these kinds of those found"
    )
    showing.add_options(parser)
    parser.add_argument(
        "--look",
        type=float,
        default=_LOOK_S,
        metavar="SECONDS",
        help="how long to look for a Llama and a broker by mDNS; 0 for not at all",
    )


def init(options: argparse.Namespace) -> int:
    """Do it. `EXIT_FAILED` when the file is written, and something in it does not work yet."""
    questions = Questions(ask=not options.yes)
    if questions.asks and not sys.stdin.isatty():
        raise InputError(
            "There is no terminal to ask on.", fix="Answer by options, and add --yes to it."
        )
    path = options.config or _default_file()
    if not _may_write(path, options, questions):
        return EXIT_FAILED
    document = _document(options, questions)
    # From here on nothing is asked: the file is there as a whole, or not at all.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _checked(document, path)
    replace_file(path, (_HEAD + document_text(document)).encode())
    questions.say()
    questions.say(f"Written: {path}")
    from herdbook.alpaca import config

    tried = try_out(config.load(path, os.environ), say=not options.json)
    works = all(one.works for one in tried)
    if options.json:
        print(msgspec.json.encode({"file": str(path), "tried": tried}).decode())
    else:
        _say_next(path, works, options.service, "page" in document, questions)
    return EXIT_DONE if works else EXIT_FAILED


def _document(options: argparse.Namespace, questions: Questions) -> dict[str, Any]:
    name = options.name or questions.text("What is this node called", socket.gethostname())
    document: dict[str, Any] = {"name": name, "data": str(options.data or _default_data())}
    document |= _way(options, questions)
    document["sensor"] = _sensors(options, questions)
    return document | showing.keys_of(options, questions)


def _way(options: argparse.Namespace, questions: Questions) -> dict[str, Any]:
    """The [broker] table, or the [llama] table."""
    if options.llama_url is not None:
        return _llama(options, questions, options.llama_url)
    if options.broker_host is not None:
        return _broker(options, questions, options.broker_host, None)
    around = _look_around(options, questions)
    words = [f"the MQTT broker {one.name}, {one.host}:{one.port}" for one in around.brokers]
    words += [f"the Llama {one.name}, {one.url}" for one in around.llamas]
    if not questions.asks and not words:
        raise InputError(
            "No MQTT broker and no Llama announces itself here.",
            fix="Name one with --broker-host or --llama-url.",
        )
    words += [
        "another MQTT broker" if around.brokers else "an MQTT broker, such as Home Assistant's",
        f"{'another' if around.llamas else 'a'} Llama, without a broker",
    ]
    which = questions.choice("What does it report to?", words)
    if which < len(around.brokers):
        found = around.brokers[which]
        return _broker(options, questions, found.host, found.port)
    which -= len(around.brokers)
    if which < len(around.llamas):
        return _llama(options, questions, around.llamas[which].url)
    if which == len(around.llamas):
        return _broker(options, questions, None, None)
    return _llama(options, questions, None)


def _look_around(options: argparse.Namespace, questions: Questions) -> "Nearby":
    from herdbook.alpaca.nearby import Nearby, look_around

    if options.look <= 0:
        return Nearby()
    questions.say("Looking for an MQTT broker and a Llama that announce themselves …")
    return asyncio.run(look_around(options.look))


def _broker(
    options: argparse.Namespace, questions: Questions, host: str | None, port: int | None
) -> dict[str, Any]:
    host = host or questions.text("Host of the MQTT broker", "homeassistant.local")
    port = options.broker_port or port
    tls = options.broker_tls
    if tls is None:
        tls = questions.agrees("Encrypt with TLS", default=port == _MQTT_TLS)
    if port is None:
        usual = str(_MQTT_TLS if tls else _MQTT)
        port = int(questions.text("Port", usual, _no_port))
    ca = options.broker_ca
    if tls and ca is None:
        ca = questions.text("File with your own authority's certificate, if you have one") or None
    username = options.broker_username
    if username is None:
        username = questions.text("User name, if it wants one") or None
    password = None
    if options.broker_password_file is not None:
        password = _first_line(options.broker_password_file)
    elif username is not None:
        password = questions.secret("Password") or None
    table = {
        "host": host,
        "port": port,
        "username": username,
        "password": password,
        "tls": tls or None,
        "ca": None if ca is None else str(Path(ca).expanduser().absolute()),
    }
    return {"broker": table}


def _llama(options: argparse.Namespace, questions: Questions, url: str | None) -> dict[str, Any]:
    url = url or questions.text("Address of the Llama's [herd]", "http://homeassistant.local:8479")
    return {"llama": {"url": url, "ca": options.llama_ca}}


def _sensors(options: argparse.Namespace, questions: Questions) -> list[dict[str, Any]]:
    found = _attached()
    if options.sensor is not None:
        chosen = [table for _, table in found if table["kind"] in options.sensor]
    else:
        which = questions.choices("What shall it read?", [words for words, _ in found])
        chosen = [found[number][1] for number in which]
    if not chosen:
        kinds = ", ".join(sorted({table["kind"] for _, table in found}))
        raise InputError("A node has to read something.", fix=f"Found were: {kinds}.")
    return chosen


def _attached() -> list[tuple[str, dict[str, Any]]]:
    """What can be read here, in words and as its table; this machine itself first."""
    from herdbook.alpaca.sensors.attached import look_around

    ready = [(plain(one.words), one.table) for one in look_around().found if one.table is not None]
    return sorted(ready, key=lambda one: one[1]["kind"] != "system")


def _checked(document: dict[str, Any], path: Path) -> None:
    """Nothing is written that would be refused. Raises `ConfigError`, naming the key."""
    from herdbook.alpaca import config

    config.built(msgspec.json.decode(msgspec.json.encode(_without_none(document))), path)


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def _may_write(path: Path, options: argparse.Namespace, questions: Questions) -> bool:
    if options.overwrite or not path.exists():
        return True
    if not questions.asks:
        raise InputError(
            f"{path} is there already.", fix="Add --overwrite to replace it, or name another file."
        )
    if questions.agrees(f"{path} is there already. Replace it", default=False):
        return True
    questions.say("It stays as it is.")
    return False


def _default_file() -> Path:
    named = os.environ.get(config_file.VARIABLE)
    if named is not None:
        return Path(named)
    if os.geteuid() == 0:
        return config_file.SYSTEM_FILE
    return config_file.USER_FILE.expanduser()


def _default_data() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/herdbook")
    return Path("~/.local/share/herdbook/alpaca").expanduser()


def _no_port(text: str) -> str | None:
    good = text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535
    return None if good else "Please give a number from 1 to 65535."


def _first_line(path: Path) -> str:
    try:
        text = sys.stdin.readline() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path}: {error}.", fix="Check the path.") from error
    return text.split("\n", 1)[0]


def _say_next(path: Path, works: bool, service: bool, page: bool, questions: Questions) -> None:
    questions.say()
    if not works:
        questions.say(
            "Not everything works yet. Mend it, then look again with “herdbook alpaca config "
            f"check --config {path}”. The node may run meanwhile: it tries for ever."
        )
    if not service:
        questions.say(
            f"Run it with “herdbook alpaca run --config {path}”, then approve it in Home "
            "Assistant, or on the herd's page of the panel."
        )
    if page:
        questions.say(
            f"Where its page is, and the token that opens it, says “herdbook alpaca page --config "
            f"{path}”."
        )
