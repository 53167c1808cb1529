"""What the Alpaca's tests share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mosquitto import Mosquitto

# Home Assistant and the browser come with Python 3.14. On 3.13 the package is tested alone: what
# the payload and the page are, test_discovery.py and the rest of page/ check on both.
collect_ignore = (
    [] if sys.version_info >= (3, 14) else ["test_discovery_schema.py", "page/test_browser.py"]
)
# The kernel's simulated GPIO chips: few kernels have that module, and it takes root.
if not os.access("/sys/kernel/config/gpio-sim", os.W_OK):
    collect_ignore.append("sensors/test_gpio_sim.py")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server
