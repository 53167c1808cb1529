import logging
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp.http_exceptions import BadStatusLine

from herdbook.cli.process import MalformedRequests, PlainFormatter

SECRET = "the canary sang at dawn"


def _record(error: Exception | None) -> logging.LogRecord:
    exc_info = None if error is None else (type(error), error, None)
    return logging.LogRecord(
        "aiohttp.server", logging.ERROR, "x.py", 1, "Error handling request", None, exc_info
    )


def test_what_a_malformed_request_holds_is_not_logged() -> None:
    records = MalformedRequests()
    first, second = _record(BadStatusLine(SECRET)), _record(BadStatusLine(SECRET))
    assert records.filter(first)
    formatted = logging.Formatter().format(first)
    assert SECRET not in formatted
    assert "not HTTP (BadStatusLine)" in formatted
    assert not records.filter(second), "once a minute"


@pytest.mark.parametrize("error", [None, ValueError("a fault of ours")])
def test_other_records_pass_as_they_are(error: Exception | None) -> None:
    record = _record(error)
    assert MalformedRequests().filter(record)
    assert record.getMessage() == "Error handling request"
    assert record.levelno == logging.ERROR


def test_the_process_keeps_to_itself(tmp_path: Path) -> None:
    program = (
        "from herdbook.cli.process import harden; harden();"
        f"open({str(tmp_path / 'file')!r}, 'w').close();"
        "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0],"
        " resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    core, files = map(int, result.stdout.split())
    assert core == 0
    assert files == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_a_program_begins_anew_once_as_it_was_called() -> None:
    program = (
        "import os, sys; from herdbook.cli.process import start_forgetful\n"
        "print(os.getpid(), flush=True); start_forgetful()\n"
        "print(*sys.argv[1:], os.environ['PYTHONMALLOC'], os.environ['GLIBC_TUNABLES'])\n"
        "print(sys.stdin.readline())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "a", "b c"],
        input="what stands there",
        env=os.environ | {"GLIBC_TUNABLES": "glibc.malloc.arena_max=3"},
        capture_output=True,
        text=True,
        check=True,
    )
    before, after, *said = ended.stdout.split("\n")
    assert before == after, "the same process"
    assert said[0] == "a b c malloc glibc.malloc.arena_max=3:glibc.malloc.tcache_count=0"
    assert said[1] == "what stands there"


def test_what_others_wrote_steers_no_terminal_by_the_log() -> None:
    said = "It says “\x1b[31m”\n2026-11-21 INFO all is well \u202ereversed"
    record = logging.LogRecord("x", logging.WARNING, "x.py", 1, "%s", (said,), None)
    line = PlainFormatter("%(levelname)s: %(message)s").format(record)
    assert line == "WARNING: It says “\ufffd[31m”\ufffd2026-11-21 INFO all is well \ufffdreversed"


def test_the_traceback_of_a_fault_keeps_its_lines() -> None:
    assert "\nValueError: of ours" in PlainFormatter("%(message)s").format(
        _record(ValueError("of ours"))
    )


def test_what_a_model_is_asked_is_in_no_log() -> None:
    program = (
        "import logging\n"
        "from herdbook.cli.process import log_to_stderr\n"
        "log_to_stderr(verbose=True)\n"
        "logging.getLogger('httpx').info('POST /api/chat')\n"
        "logging.getLogger('httpcore.http11').debug('headers')\n"
        "logging.getLogger('herdbook').debug('of ours')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert [line.rpartition(": ")[2] for line in ended.stderr.splitlines()] == ["of ours"]
