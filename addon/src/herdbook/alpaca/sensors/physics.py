"""The air of a simulated room, minute by minute: heat, carbon dioxide and water vapour.

Owns the balances; knows nothing of schedules or sensors. Quantities: °C, W, J/K, ppm by volume,
g/m³, m³/h. Two heat stores (the air with the furniture, the walls) and well-mixed air.
"""

import math
from typing import Final

from msgspec import Struct

from herdbook.alpaca.sensors.household import HOUR, MINUTE, Conditions

_VOLUME_M3: Final = 60.0
_AIR_J_K: Final = 450e3  # air and what warms with it
_WALLS_J_K: Final = 6e6
_AIR_TO_WALLS_W_K: Final = 250.0
_WALLS_TO_OUTDOORS_W_K: Final = 20.0
_GLASS_W_K: Final = 12.0
_AIR_HEAT_J_M3_K: Final = 1206.0

_LEAKAGE_M3_H: Final = 50.0
_OPEN_WINDOW_M3_H: Final = 450.0
_OPEN_DOOR_M3_H: Final = 90.0

_RADIATOR_W: Final = 2000.0
_RADIATOR_W_K: Final = 2500.0  # how steeply the valve opens below the thermostat's temperature
_PERSON_W: Final = 80.0
_PERSON_CO2_M3_H: Final = 0.018
_PERSON_VAPOUR_G_H: Final = 50.0

_OUTDOOR_PPM: Final = 425.0
_OUTDOOR_RH: Final = 0.85
_HALL_C: Final = 19.0
_HALL_PPM: Final = 550.0
_HALL_RH: Final = 0.45
_MOISTURE_BUFFER: Final = 2.0  # fabrics hold about as much water again as the air


class Air(Struct, frozen=True):
    """The state of the room at the end of a minute."""

    air_c: float = 20.5
    walls_c: float = 19.5
    co2_ppm: float = 500.0
    vapour_g_m3: float = 7.0

    @property
    def relative_humidity(self) -> float:
        """In per cent."""
        return 100 * min(1.0, self.vapour_g_m3 / saturation(self.air_c))


def saturation(temperature_c: float) -> float:
    """The most water vapour that air holds, in g/m³ (Magnus formula)."""
    pressure_pa = 611.2 * math.exp(17.62 * temperature_c / (243.12 + temperature_c))
    return pressure_pa / (461.5 * (temperature_c + 273.15)) * 1000


def next_minute(air: Air, now: Conditions) -> Air:
    """The room one minute later."""
    outdoors = _LEAKAGE_M3_H + (_OPEN_WINDOW_M3_H if now.window_open else 0)
    hall = _OPEN_DOOR_M3_H if now.door_open else 0.0

    # A thermostat that senses an open window closes its valve.
    lacking = 0.0 if now.window_open else now.thermostat_c - air.air_c
    heating_w = min(_RADIATOR_W, max(0.0, lacking * _RADIATOR_W_K))
    to_walls_w = _AIR_TO_WALLS_W_K * (air.air_c - air.walls_c)
    air_w = (
        heating_w
        + now.sun_w
        + now.people * _PERSON_W
        - to_walls_w
        - (_GLASS_W_K + _heat(outdoors)) * (air.air_c - now.outdoor_c)
        - _heat(hall) * (air.air_c - _HALL_C)
    )
    walls_w = to_walls_w - _WALLS_TO_OUTDOORS_W_K * (air.walls_c - now.outdoor_c)
    air_c = air.air_c + air_w * MINUTE / _AIR_J_K

    hours = MINUTE / HOUR
    co2_m3_h = (
        now.people * _PERSON_CO2_M3_H
        + outdoors * (_OUTDOOR_PPM - air.co2_ppm) * 1e-6
        + hall * (_HALL_PPM - air.co2_ppm) * 1e-6
    )
    vapour_g_h = (
        now.people * _PERSON_VAPOUR_G_H
        + outdoors * (_OUTDOOR_RH * saturation(now.outdoor_c) - air.vapour_g_m3)
        + hall * (_HALL_RH * saturation(_HALL_C) - air.vapour_g_m3)
    )
    vapour = air.vapour_g_m3 + vapour_g_h * hours / (_VOLUME_M3 * _MOISTURE_BUFFER)
    return Air(
        air_c=air_c,
        walls_c=air.walls_c + walls_w * MINUTE / _WALLS_J_K,
        co2_ppm=air.co2_ppm + co2_m3_h * hours / _VOLUME_M3 * 1e6,
        vapour_g_m3=min(vapour, saturation(air_c)),  # the rest runs down the glass
    )


def _heat(flow_m3_h: float) -> float:
    """What an exchange of air carries, in W/K."""
    return flow_m3_h * _AIR_HEAT_J_M3_K / HOUR
