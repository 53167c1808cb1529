import json

from herdbook import __version__
from herdbook.alpaca.discovery import (
    WAITING,
    Component,
    discovery_payload,
    discovery_topic,
    parts_of,
    sensor_availability_topic,
)
from herdbook.alpaca.part import sensor_state_topic
from herdbook.alpaca.sensors.measurement import Measurement

NODE = "mfrggzdfmztwq2lknnwg23tpoa"
CO2 = Measurement(
    id="room_co2",
    name="Living room CO₂",
    unit="ppm",
    device_class="carbon_dioxide",
    spread=50,
    valid=(350, 40_000),
)
DOOR = Measurement(
    id="room_door", name="Living room door", form="binary", device_class="door", state_class=None
)
STARTED = Measurement(
    id="system_started",
    name="Last restart",
    form="moment",
    device_class="uptime",
    state_class=None,
    diagnostic=True,
)


def test_the_payload() -> None:
    components = [Component(CO2, 2), Component(DOOR, 20), Component(STARTED, 60.5)]
    parts = parts_of(NODE, "Hallway", [*components, Component(WAITING)])
    described = {part.id: part.described(NODE) for part in parts}
    payload = discovery_payload(NODE, "Hallway", described)
    base = f"herdbook/v1/node/{NODE}"
    assert json.loads(json.dumps(payload)) == {
        "dev": {
            "ids": [f"herdbook_{NODE}"],
            "name": "Hallway",
            "mf": "Herdbook",
            "mdl": "Alpaca",
            "sw": __version__,
            "sn": "mfrg-gzdf-mztw-q2lk-nnwg-23tp-oa",
        },
        "o": {"name": "Herdbook", "sw": __version__},
        "avty": [{"t": f"{base}/availability"}],
        "qos": 1,
        "cmps": {
            "room_co2": {
                "p": "sensor",
                "uniq_id": f"herdbook_{NODE}_room_co2",
                "name": "Living room CO₂",
                "stat_t": f"{base}/sensor/room_co2/state",
                "dev_cla": "carbon_dioxide",
                "unit_of_meas": "ppm",
                "stat_cla": "measurement",
                "sug_dsp_prc": 0,
                "avty": [
                    {"t": f"{base}/availability"},
                    {"t": f"{base}/sensor/room_co2/availability"},
                ],
                "avty_mode": "all",
                "exp_aft": 30,
            },
            "room_door": {
                "p": "binary_sensor",
                "uniq_id": f"herdbook_{NODE}_room_door",
                "name": "Living room door",
                "stat_t": f"{base}/sensor/room_door/state",
                "dev_cla": "door",
                "avty": [
                    {"t": f"{base}/availability"},
                    {"t": f"{base}/sensor/room_door/availability"},
                ],
                "avty_mode": "all",
                "exp_aft": 60,
            },
            "system_started": {
                "p": "sensor",
                "uniq_id": f"herdbook_{NODE}_system_started",
                "name": "Last restart",
                "stat_t": f"{base}/sensor/system_started/state",
                "dev_cla": "uptime",
                "ent_cat": "diagnostic",
                "avty": [
                    {"t": f"{base}/availability"},
                    {"t": f"{base}/sensor/system_started/availability"},
                ],
                "avty_mode": "all",
                "exp_aft": 182,
            },
            "waiting_to_sync": {
                "p": "sensor",
                "uniq_id": f"herdbook_{NODE}_waiting_to_sync",
                "name": "Waiting to sync",
                "stat_t": f"{base}/sensor/waiting_to_sync/state",
                "ic": "mdi:tray-full",
                "ent_cat": "diagnostic",
                "unit_of_meas": "events",
                "stat_cla": "measurement",
                "sug_dsp_prc": 0,
            },
        },
    }


def test_the_topics() -> None:
    assert discovery_topic(NODE) == f"homeassistant/device/herdbook_{NODE}/config"
    assert sensor_state_topic(NODE, "a") == f"herdbook/v1/node/{NODE}/sensor/a/state"
    assert sensor_availability_topic(NODE, "a") == f"herdbook/v1/node/{NODE}/sensor/a/availability"
