"""What only some machines tell of themselves: their power supply, their card, their radio.

Owns where the kernel and a Raspberry Pi's firmware say it, and which of it there is. Everything is
read below a `root`.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.sensors.number import beginning_of
from herdbook.alpaca.sensors.value import Unreadable

type Source = tuple[Measurement, Callable[[], float]]

_THROTTLED: Final = "sys/devices/platform/soc/soc:firmware/get_throttled"
_UNDER_VOLTAGE: Final = 0x1
_SLOWED: Final = 0xE  # frequency capped, throttled, at its soft temperature limit
_ANSWERS_WITHIN_S: Final = 2
_NOISE_DBM: Final = (-200, 0)


def board_sources(sensor_id: str, root: Path) -> list[Source]:
    """What this machine has of it, each with how it is read.

    That raises `OSError`, `ValueError` and `Unreadable`.

    Of what is not there when a node starts nothing is announced.
    """
    return [*_power(sensor_id, root), *_wear(sensor_id, root), *_radio(sensor_id, root)]


def _power(sensor_id: str, root: Path) -> Iterator[Source]:
    """A Raspberry Pi's power supply and cooling, as its firmware sees them."""
    throttled = _how_throttled(root)
    if throttled is None:
        return
    yield (
        _problem(f"{sensor_id}_undervoltage", "Under-voltage", "mdi:flash-alert"),
        lambda: float(bool(throttled() & _UNDER_VOLTAGE)),
    )
    yield (
        _problem(f"{sensor_id}_throttled", "Throttled", "mdi:speedometer-slow"),
        lambda: float(bool(throttled() & _SLOWED)),
    )


def _how_throttled(root: Path) -> Callable[[], int] | None:
    path = root / _THROTTLED
    if path.exists():
        return lambda: _hexadecimal(path)
    program = shutil.which("vcgencmd", path=str(root / "usr/bin"))
    if program is None:
        return None

    def ask() -> int:
        try:
            answer = subprocess.run(  # noqa: S603 - the firmware's own program, found by path
                [program, "get_throttled"],
                capture_output=True,
                timeout=_ANSWERS_WITHIN_S,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise OSError(0, f"vcgencmd gives no answer ({error})") from error
        return int(answer.stdout.decode("ascii").strip().removeprefix("throttled="), 16)

    try:
        ask()
    except (OSError, ValueError):  # another board's, or no access to the firmware
        return None
    return ask


def _wear(sensor_id: str, root: Path) -> list[Source]:
    """What is worn of the first eMMC, or of one of the few cards that tell."""
    devices = sorted((root / "sys/block").glob("mmcblk[0-9]"))
    found = (list(_wear_of(device / "device", sensor_id)) for device in devices)
    return next(filter(None, found), [])


def _wear_of(device: Path, sensor_id: str) -> Iterator[Source]:
    life, end = device / "life_time", device / "pre_eol_info"
    if _tells(lambda: _worn(life)):
        yield (
            Measurement(
                id=f"{sensor_id}_wear",
                name="Storage wear",
                unit="%",
                valid=(0, 110),
                icon="mdi:sd",
                diagnostic=True,
            ),
            lambda: _worn_now(life),
        )
    if _tells(lambda: _hexadecimal(end)):
        yield (
            _problem(f"{sensor_id}_wearing_out", "Storage wearing out", "mdi:sd"),
            lambda: float(_hexadecimal(end) > 1),  # 1 is normal, 2 a warning, 3 urgent
        )


def _tells(read: Callable[[], float | None]) -> bool:
    """Whether there is something to read, other than that nothing is known."""
    try:
        return bool(read())
    except (OSError, ValueError):
        return False


def _worn(path: Path) -> float | None:
    """The larger of two estimates, in tenths of the life that was expected; 11: it is over."""
    tenths = max(int(word, 16) for word in beginning_of(path).decode("ascii").split())
    return float(tenths * 10) if 0 < tenths <= 11 else None


def _worn_now(path: Path) -> float:
    worn = _worn(path)
    if worn is None:
        raise Unreadable("the card does not tell any more")
    return worn


def _radio(sensor_id: str, root: Path) -> Iterator[Source]:
    """The signal of the first Wi-Fi interface."""
    path = root / "proc/net/wireless"
    try:
        interface = next(iter(_signals(path)), None)
    except (OSError, ValueError):
        return  # no Wi-Fi in this kernel
    if interface is None:
        return

    def signal() -> float:
        dbm = _signals(path).get(interface)
        if dbm is None:
            raise Unreadable("{interface} is not connected", interface=interface)
        return dbm

    yield (
        Measurement(
            id=f"{sensor_id}_signal",
            name="Wi-Fi signal",
            unit="dBm",
            device_class="signal_strength",
            spread=6,
            valid=_NOISE_DBM,
            diagnostic=True,
        ),
        signal,
    )


def _signals(path: Path) -> dict[str, float]:
    """The level of each interface in dBm: the fourth column, after two lines of headings."""
    lines = path.read_text("ascii").splitlines()[2:]
    columns = [line.split() for line in lines]
    # An interface that is not connected says -256.
    return {
        row[0].rstrip(":"): level
        for row in columns
        if len(row) > 3 and (level := float(row[3].rstrip("."))) > _NOISE_DBM[0]
    }


def _hexadecimal(path: Path) -> int:
    return int(beginning_of(path).decode("ascii").strip(), 16)


def _problem(measurement_id: str, name: str, icon: str) -> Measurement:
    return Measurement(
        id=measurement_id,
        name=name,
        form="binary",
        device_class="problem",
        state_class=None,
        icon=icon,
        diagnostic=True,
    )
