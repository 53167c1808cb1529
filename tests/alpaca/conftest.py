"""What the Alpaca's tests share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mosquitto import Mosquitto

# Home Assistant needs Python 3.14. On 3.13, where the package alone is tested, there is none to
# check the discovery payload against; what the payload is, test_discovery.py checks on both.
collect_ignore = [] if sys.version_info >= (3, 14) else ["test_discovery_schema.py"]
# The kernel's simulated GPIO chips: few kernels have that module, and it takes root.
if not os.access("/sys/kernel/config/gpio-sim", os.W_OK):
    collect_ignore.append("sensors/test_gpio_sim.py")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server
