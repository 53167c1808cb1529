"""Dutch. After a number, “uur” has no plural."""

from typing import Final

from herdbook.alpaca.words.language import Language

DUTCH: Final = Language(
    code="nl",
    point=",",
    group=".",
    percent="",
    clock="{hour:02}:{minute:02}",
    second=("seconde", "seconden"),
    minute=("minuut", "minuten"),
    hour=("uur", "uur"),
    day=("dag", "dagen"),
    week=("week", "weken"),
    spelled="twee drie vier vijf zes zeven acht negen tien elf twaalf",
    sentences={
        "above_usual value": "{name} is {value}. Gewoonlijk ligt dat tussen {low} en {high}.",
        "below_usual value": "{name} is {value}. Gewoonlijk ligt dat tussen {low} en {high}.",
        "above_usual floor": "{name} was al een uur niet onder {value}."
        " Rond deze tijd ligt dat gewoonlijk tussen {low} en {high}.",
        "below_usual ceiling": "{name} was al een uur niet boven {value}."
        " Rond deze tijd ligt dat gewoonlijk tussen {low} en {high}.",
        "above_usual hour": "{name} is al een uur ongeveer {value}."
        " Rond deze tijd ligt dat gewoonlijk tussen {low} en {high}.",
        "below_usual hour": "{name} is al een uur ongeveer {value}."
        " Rond deze tijd ligt dat gewoonlijk tussen {low} en {high}.",
        "sudden_change": "{name} ging binnen {seconds} van {before} naar {value}.",
        "drift": "{name} is nu ongeveer {value}, een week geleden was dat {before}.",
        "stuck": "{name} staat al {seconds} zonder enige verandering op {value}.",
        "missing": "{name} geeft al {seconds} geen meting.",
        "first_time": "{name} is aan, voor het eerst in {known}.",
        "unusual_time": "{name} is aan om {clock}. In {known} gebeurde dat nooit tussen {from} en"
        " {to}.",
        "unusual_time somewhere": "{name} is aan om {clock}. In {known} gebeurde dat nooit op die"
        " tijd.",
        "long_lasting on": "{name} is al {seconds} aan, langer dan gewoonlijk.",
        "long_lasting off": "{name} is al {seconds} uit, langer dan gewoonlijk.",
        "recovered": "{name} is na {seconds} weer zoals gewoonlijk: {value}.",
        "recovered on": "{name} is na {seconds} weer aan.",
        "recovered off": "{name} is na {seconds} weer uit.",
        "asked": "Nu: {seen}.",
        "asked on": "{name} aan",
        "asked off": "{name} uit",
        "asked value": "{name} {value}",
        "asked fault": "{name} zonder meting",
        "asked more": "en nog {count}",
        "asked nothing": "Nu is er niets te meten.",
        "newer_llama": "De Llama draait een nieuwere versie."
        " Op de node: uv tool upgrade herdbook, en dan herstarten.",
    },
    names={
        "CPU use": "CPU-gebruik",
        "Memory use": "Geheugen in gebruik",
        "Disk use": "Schijf in gebruik",
        "Load (1 minute)": "Belasting (1 minuut)",
        "Last restart": "Laatste herstart",
        "CPU temperature": "CPU-temperatuur",
        "Under-voltage": "Onderspanning",
        "Throttled": "Afgeremd",
        "Storage wear": "Slijtage van de opslag",
        "Storage wearing out": "Opslag bijna versleten",
        "Wi-Fi signal": "Wifi-signaal",
        "temperature": "temperatuur",
        "humidity": "luchtvochtigheid",
        "pressure": "luchtdruk",
        "motion": "beweging",
        "door": "deur",
        "Observe now": "Nu waarnemen",
        "Observation by MQTT": "Waarneming via MQTT",
        "Clock": "Klok",
        "Log storage used": "Logboekopslag in gebruik",
        "Waiting to sync": "Wachten op de Llama",
    },
)
