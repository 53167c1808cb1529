"""What a year holds for the sensor of one room, by the clocks on its walls. Pure, but for them.

Day after day alike but for chance: heating goes on at six, people are about from seven to eleven
in the evening, and the temperature follows the hour and the season. On `NIGHTS` somebody walks
about at about a quarter past three.
"""

import math
import random
import time
from datetime import date

from herdbook.alpaca.sensors.measurement import Measurement, Sample

NIGHTS = (date(2027, 2, 17), date(2027, 3, 30), date(2027, 7, 8), date(2027, 11, 2))
"""One in winter, one in summer, and one right after the clocks went forward, and back."""

HEATING = Measurement("heating", "Heating", form="binary", device_class="running")
MOTION = Measurement("motion", "Motion", form="binary", device_class="motion")
TEMPERATURE = Measurement(
    "temperature", "Temperature", unit="°C", precision=1, spread=0.5, valid=(-40, 85)
)


def measured(wall_s: float) -> dict[str, Sample]:
    """What the sensor shows at a moment, in the local time of this process."""
    local = time.localtime(wall_s)
    chance = random.Random(f"{local.tm_year} {local.tm_yday}")
    minute = local.tm_hour * 60 + local.tm_min
    begins, wakes, sleeps = (chance.randrange(-10, 11) for _ in range(3))
    awake = 7 * 60 + wakes <= minute < 23 * 60 + sleeps
    astray = date(local.tm_year, local.tm_mon, local.tm_mday) in NIGHTS
    moves = random.Random(f"motion {int(wall_s)}").random() < 0.3
    season = math.cos((local.tm_yday - 15) / 365 * 2 * math.pi)
    day = math.sin((minute - 9 * 60) / 1440 * 2 * math.pi)
    noise = random.Random(f"noise {int(wall_s)}").gauss(0, 0.15)
    return {
        HEATING.id: float(6 * 60 + begins <= minute < 6 * 60 + 45 + begins),
        MOTION.id: float((awake and moves) or (astray and 192 <= minute < 237)),
        TEMPERATURE.id: round(21 - 1.5 * season + day + noise, 1),
    }
