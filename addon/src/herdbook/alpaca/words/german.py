"""German. Lengths of time stand in the dative, which all templates take."""

from typing import Final

from herdbook.alpaca.words.language import Language

GERMAN: Final = Language(
    code="de",
    point=",",
    group=".",
    percent="\N{NO-BREAK SPACE}",
    clock="{hour:02}:{minute:02} Uhr",
    second=("Sekunde", "Sekunden"),
    minute=("Minute", "Minuten"),
    hour=("Stunde", "Stunden"),
    day=("Tag", "Tagen"),
    week=("Woche", "Wochen"),
    spelled="zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    sentences={
        "above_usual value": "{name}: {value}. Üblich ist {low} bis {high}.",
        "below_usual value": "{name}: {value}. Üblich ist {low} bis {high}.",
        "above_usual floor": "{name} lag seit einer Stunde nie unter {value}."
        " Um diese Zeit ist {low} bis {high} üblich.",
        "below_usual ceiling": "{name} lag seit einer Stunde nie über {value}."
        " Um diese Zeit ist {low} bis {high} üblich.",
        "above_usual hour": "{name} liegt seit einer Stunde bei etwa {value}."
        " Um diese Zeit ist {low} bis {high} üblich.",
        "below_usual hour": "{name} liegt seit einer Stunde bei etwa {value}."
        " Um diese Zeit ist {low} bis {high} üblich.",
        "sudden_change": "{name} ging innerhalb von {seconds} von {before} auf {value}.",
        "drift": "{name} liegt jetzt bei etwa {value}, vor einer Woche waren es {before}.",
        "stuck": "{name} zeigt seit {seconds} unverändert {value}.",
        "missing": "{name} liefert seit {seconds} keinen Messwert.",
        "first_time": "{name} ist an, zum ersten Mal seit {known}.",
        "unusual_time": "{name} ist um {clock} an. Das kam in {known} zwischen {from} und {to}"
        " nie vor.",
        "unusual_time somewhere": "{name} ist um {clock} an. Das kam in {known} um diese Zeit"
        " nie vor.",
        "long_lasting on": "{name} ist seit {seconds} an, länger als üblich.",
        "long_lasting off": "{name} ist seit {seconds} aus, länger als üblich.",
        "recovered": "{name} ist nach {seconds} wieder wie üblich: {value}.",
        "recovered on": "{name} ist nach {seconds} wieder an.",
        "recovered off": "{name} ist nach {seconds} wieder aus.",
        "asked": "Jetzt: {seen}.",
        "asked on": "{name} an",
        "asked off": "{name} aus",
        "asked value": "{name} {value}",
        "asked fault": "{name} ohne Messwert",
        "asked more": "und {count} weitere",
        "asked nothing": "Jetzt gibt es nichts zu messen.",
        "newer_llama": "Auf dem Llama läuft eine neuere Version."
        " Auf dem Knoten: uv tool upgrade herdbook, dann neu starten.",
    },
    names={
        "CPU use": "CPU-Auslastung",
        "Memory use": "Arbeitsspeicher belegt",
        "Disk use": "Speicherplatz belegt",
        "Load (1 minute)": "Last (1 Minute)",
        "Last restart": "Letzter Neustart",
        "CPU temperature": "CPU-Temperatur",
        "Under-voltage": "Unterspannung",
        "Throttled": "Gedrosselt",
        "Storage wear": "Abnutzung der Speicherkarte",
        "Storage wearing out": "Speicherkarte bald verbraucht",
        "Wi-Fi signal": "WLAN-Signal",
        "temperature": "Temperatur",
        "humidity": "Luftfeuchte",
        "pressure": "Luftdruck",
        "motion": "Bewegung",
        "door": "Tür",
        "Observe now": "Jetzt beobachten",
        "Observation by MQTT": "Beobachtung per MQTT",
        "Clock": "Uhr",
        "Log storage used": "Protokollspeicher belegt",
        "Waiting to sync": "Warten auf das Llama",
    },
)
