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
    small=(
        "als an am auf aus bei das dem den der die ein eine es für gerade hat im in ist jetzt"
        " liegt mehr mit nicht noch nun seit sich sind sonst um und üblich von vor war wieder"
        " wird zu zwischen"
    ),
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
        "newer_llama": "Auf dem Lama läuft eine neuere Version."
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
        "Log storage used": "Logbuchspeicher belegt",
        "Waiting to sync": "Warten auf das Lama",
    },
    phrases={
        "It was not read yet.": "Es wurde noch nicht gemessen.",
        "{name} was not read.": "{name} wurde nicht gelesen.",
        "{name} does not answer.": "{name} antwortet nicht.",
        "{name} cannot be read: {error}.": "{name} kann nicht gelesen werden: {error}.",
        "{name} reads {value}, which is not a number.": "{name} zeigt {value}, das ist keine Zahl.",
        "{name} reads {value}, which is too large to keep.": (
            "{name} zeigt {value}, das ist zu groß zum Aufheben."
        ),
        "{name} reads {value}, which is no moment.": (
            "{name} zeigt {value}, das ist kein Zeitpunkt."
        ),
        "{name} reads {value}{unit}; valid is {low} to {high}.": (
            "{name} zeigt {value}{unit}; gültig ist {low} bis {high}."
        ),
        "{name} reads {value}, which is neither 1 (on) nor 0.": (
            "{name} zeigt {value}, das ist weder 1 (an) noch 0."
        ),
        "the kernel's counters stand still": "die Zähler des Kernels stehen still",
        "this machine's clock has not been set yet": (
            "die Uhr dieses Rechners wurde noch nie gestellt"
        ),
        "{chip} is gone": "{chip} ist weg",
        "the card does not tell any more": "die Karte sagt es nicht mehr",
        "{interface} is not connected": "{interface} ist nicht verbunden",
        "{program} cannot be run: {error}": "{program} lässt sich nicht starten: {error}",
        "{program} takes longer than {seconds} s": "{program} braucht länger als {seconds} s",
        "{program} ends with code {code}": "{program} endet mit Code {code}",
        "it prints more than {most} bytes": "es gibt mehr als {most} Bytes aus",
        "cannot read {path}: {error}": "{path} ist nicht lesbar: {error}",
        "{path} holds no number": "in {path} steht keine Zahl",
        "the recording is at its end": "die Aufzeichnung ist zu Ende",
        "the recording has no value here": "die Aufzeichnung hat hier keinen Wert",
        "the recording is empty": "die Aufzeichnung ist leer",
        "line {line} of the recording: {why}": "Zeile {line} der Aufzeichnung: {why}",
        "it goes back in time": "sie geht in der Zeit zurück",
        "it is one more than the {most} that are taken": (
            "es ist eine mehr als die {most}, die genommen werden"
        ),
        "it is not “timestamp,value”": "sie ist nicht „timestamp,value“",
        "there is no IIO device {device}": "es gibt kein IIO-Gerät {device}",
        "{device} has no channel {channel}": "{device} hat keinen Kanal {channel}",
        "{device} gives no number": "{device} gibt keine Zahl",
        "it says more than {most} bytes": "es sagt mehr als {most} Bytes",
        "it says JSON that is nested too deeply": "sein JSON ist zu tief verschachtelt",
        "it says no valid JSON": "es sagt kein gültiges JSON",
        "it says a number that is too large": "es sagt eine zu große Zahl",
        "there is no number at that JSON path": "an diesem JSON-Pfad steht keine Zahl",
        "it says no number": "es sagt keine Zahl",
        "the JSON path cannot be followed in what it says": (
            "dem JSON-Pfad ist darin nicht zu folgen"
        ),
        "the chip at {address} does not answer: {error}": (
            "der Chip an {address} antwortet nicht: {error}"
        ),
        "the chip does not measure; it is started again": (
            "der Chip misst nicht; er wird neu gestartet"
        ),
        "the chip has just been started; it takes five seconds": (
            "der Chip wurde eben gestartet; es dauert fünf Sekunden"
        ),
        "there is no connection to the MQTT broker": "es gibt keine Verbindung zum MQTT-Broker",
        "nothing was heard on {topic} so far": "auf {topic} war bisher nichts zu hören",
        "nothing was heard on {topic} for {seconds} s; messages over 320 KiB do not arrive": (
            "auf {topic} war seit {seconds} s nichts zu hören; Nachrichten über 320 KiB kommen"
            " nicht an"
        ),
        "{device} is not on the 1-Wire bus": "{device} ist nicht am 1-Wire-Bus",
        "the kernel gives no temperature": "der Kernel gibt keine Temperatur",
        "its checksum is wrong: the wire is disturbed, or too long": (
            "seine Prüfsumme ist falsch: die Leitung ist gestört oder zu lang"
        ),
        "it answers nothing but zeros: the bus is shorted": (
            "es antwortet nur Nullen: der Bus ist kurzgeschlossen"
        ),
        "it says 85 °C, as after each power-on: its supply fails": (
            "es sagt 85 °C, wie nach jedem Einschalten: seine Versorgung setzt aus"
        ),
        "there is no line {line}": "es gibt keine Leitung {line}",
        "the line {line} cannot be had: {error}": (
            "die Leitung {line} ist nicht zu bekommen: {error}"
        ),
        "the line {line} was lost: {error}": "die Leitung {line} ging verloren: {error}",
    },
)
