"""An I²C bus with chips that answer register by register, as their datasheets say.

`use` puts it in the place of Blinka's Linux bus: Herdbook's own bus and Adafruit's drivers above it
are the real ones. A chip that is not there does not acknowledge, which Linux tells as EREMOTEIO.
"""

import errno
import os
from typing import Any, Protocol

import pytest

from herdbook.alpaca.sensors.i2c import bus as bus_module


class ChipDouble(Protocol):
    """What is at one address."""

    def written(self, data: bytes) -> None:
        """A write up to its stop."""

    def read(self, length: int) -> bytes:
        """A read of so many bytes."""


class Wires:
    """The buses of a machine, by number, with the chips on them, by address."""

    def __init__(self) -> None:
        self.buses: dict[int, dict[int, ChipDouble]] = {1: {}}

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wires = self

        class I2C:
            """See `adafruit_blinka.microcontroller.generic_linux.i2c.I2C`."""

            def __init__(self, bus_num: int) -> None:
                if bus_num not in wires.buses:
                    raise RuntimeError(f"I2C Bus #{bus_num} not found, check if enabled in config!")
                self._bus = bus_num

            def _chip(self, address: int) -> ChipDouble:
                if self._bus not in wires.buses:
                    raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
                chip = wires.buses[self._bus].get(address)
                if chip is None:
                    raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
                return chip

            def writeto(
                self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None
            ) -> None:
                self._chip(address).written(bytes(buffer[start:end]))

            def readfrom_into(
                self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None
            ) -> None:
                end = len(buffer) if end is None else end
                buffer[start:end] = self._chip(address).read(end - start)

            def writeto_then_readfrom(
                self, address: int, buffer_out: bytes, buffer_in: bytearray, **spans: Any
            ) -> None:
                out = buffer_out[spans.get("out_start", 0) : spans.get("out_end")]
                self.writeto(address, out)
                self.readfrom_into(
                    address, buffer_in, start=spans.get("in_start", 0), end=spans.get("in_end")
                )

        monkeypatch.setattr(bus_module, "I2C", I2C)


class Bme280Double:
    """Bosch BST-BME280-DS001: registers with a pointer that goes on by itself."""

    def __init__(self, calibration: dict[int, bytes], measured: bytes) -> None:
        """`measured` is what 0xF7 to 0xFE hold after a measurement."""
        self._calibration = calibration
        self._measured = measured
        self._pointer = 0
        self._measuring = 0
        self._reset()

    def _reset(self) -> None:
        self.registers = bytearray(256)
        self.registers[0xD0] = 0x60
        for place, data in self._calibration.items():
            self.registers[place : place + len(data)] = data
        self.registers[0xF7:0xFF] = bytes.fromhex("8000008000008000")  # nothing measured yet

    def written(self, data: bytes) -> None:
        if data:
            self._pointer = data[0]
        for register, value in zip(data[::2], data[1::2], strict=False):
            self._write(register, value)

    def _write(self, register: int, value: int) -> None:
        if (register, value) == (0xE0, 0xB6):
            self._reset()
        elif register in {0xF2, 0xF4, 0xF5}:
            self.registers[register] = value
            if register == 0xF4 and value & 3 in {1, 2}:
                self._measuring = 2  # the next two looks at its status find it at work

    def read(self, length: int) -> bytes:
        if self._pointer == 0xF3 and self._measuring:
            self._measuring -= 1
            self.registers[0xF3] = 0x08 if self._measuring else 0
            if not self._measuring:
                self.registers[0xF7:0xFF] = self._measured
        data = bytes(self.registers[self._pointer : self._pointer + length])
        self._pointer += length
        return data


class Scd4xDouble:
    """Sensirion SCD4x datasheet 1.7: commands of two bytes, words with a checksum each."""

    def __init__(self, words: bytes) -> None:
        """`words` is what read_measurement answers."""
        self.words = words
        self.measures = False
        self.new = False
        self.started = 0
        self._answer = b""

    def written(self, data: bytes) -> None:
        command = data.hex()
        if command == "21b1":
            self.measures, self.new = True, False
            self.started += 1
        elif command == "3f86":
            self.measures = False
        elif command == "e4b8":
            self._answer = bytes.fromhex("8006" + "04") if self.new else bytes.fromhex("8000a2")
        elif command == "ec05":
            if not self.new:
                raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
            self._answer, self.new = self.words, False

    def read(self, length: int) -> bytes:
        if not self._answer:
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        return self._answer[:length]


class Ads1115Double:
    """Texas Instruments SBAS444: four registers of 16 bits behind a pointer."""

    def __init__(self, volts: list[float]) -> None:
        self.volts = volts
        self.config = 0x8583
        self.stuck = False
        self._conversion = 0
        self._pointer = 0
        self._busy = 0

    def written(self, data: bytes) -> None:
        if data:
            self._pointer = data[0]
        if len(data) == 3 and self._pointer == 1:
            self.config = int.from_bytes(data[1:])
            if self.config & 0x8000:
                self._busy = 2
                ranges = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256]
                full = ranges[self.config >> 9 & 7]
                mux = self.config >> 12 & 7
                assert mux >= 4, "single-ended"
                code = round(self.volts[mux - 4] / full * 32768)
                self._conversion = max(-32768, min(32767, code))

    def read(self, length: int) -> bytes:
        if self._pointer == 0:
            return self._conversion.to_bytes(2, signed=True)[:length]
        self._busy = max(0, self._busy - 1)
        ready = not self._busy and not self.stuck
        return (self.config & 0x7FFF | (0x8000 if ready else 0)).to_bytes(2)[:length]
