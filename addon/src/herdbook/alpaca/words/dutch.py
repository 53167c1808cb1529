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
    small=(
        "aan al als bij dan dat de deze die door een en er gewoonlijk geweest heeft het in is"
        " meer met niet nog normaal nu of om op sinds te tot tussen uit van voor was weer"
        " wordt zijn"
    ),
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
        "newer_llama": "De Lama draait een nieuwere versie."
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
        "Waiting to sync": "Wachten op de Lama",
    },
    phrases={
        "It was not read yet.": "Het is nog niet gelezen.",
        "{name} was not read.": "{name} is niet gelezen.",
        "{name} does not answer.": "{name} antwoordt niet.",
        "{name} cannot be read: {error}.": "{name} kan niet gelezen worden: {error}.",
        "{name} reads {value}, which is not a number.": "{name} geeft {value}, dat is geen getal.",
        "{name} reads {value}, which is too large to keep.": (
            "{name} geeft {value}, te groot om te bewaren."
        ),
        "{name} reads {value}, which is no moment.": "{name} geeft {value}, dat is geen tijdstip.",
        "{name} reads {value}{unit}; valid is {low} to {high}.": (
            "{name} geeft {value}{unit}; geldig is {low} tot {high}."
        ),
        "{name} reads {value}, which is neither 1 (on) nor 0.": (
            "{name} geeft {value}, dat is geen 1 (aan) en geen 0."
        ),
        "the kernel's counters stand still": "de tellers van de kernel staan stil",
        "this machine's clock has not been set yet": "de klok van deze computer is nog niet gezet",
        "{chip} is gone": "{chip} is weg",
        "the card does not tell any more": "de kaart zegt het niet meer",
        "{interface} is not connected": "{interface} is niet verbonden",
        "{program} cannot be run: {error}": "{program} kan niet gestart worden: {error}",
        "{program} takes longer than {seconds} s": "{program} doet er langer dan {seconds} s over",
        "{program} ends with code {code}": "{program} eindigt met code {code}",
        "it prints more than {most} bytes": "het drukt meer dan {most} bytes af",
        "cannot read {path}: {error}": "kan {path} niet lezen: {error}",
        "{path} holds no number": "in {path} staat geen getal",
        "the recording is at its end": "de opname is afgelopen",
        "the recording has no value here": "de opname heeft hier geen waarde",
        "the recording is empty": "de opname is leeg",
        "line {line} of the recording: {why}": "regel {line} van de opname: {why}",
        "it goes back in time": "die gaat terug in de tijd",
        "it is one more than the {most} that are taken": (
            "dat is er een meer dan de {most} die meetellen"
        ),
        "it is not “timestamp,value”": "die is niet ‘timestamp,value’",
        "there is no IIO device {device}": "er is geen IIO-apparaat {device}",
        "{device} has no channel {channel}": "{device} heeft geen kanaal {channel}",
        "{device} gives no number": "{device} geeft geen getal",
        "it says more than {most} bytes": "het zegt meer dan {most} bytes",
        "it says JSON that is nested too deeply": "zijn JSON is te diep genest",
        "it says no valid JSON": "het zegt geen geldige JSON",
        "it says a number that is too large": "het zegt een te groot getal",
        "there is no number at that JSON path": "op dat JSON-pad staat geen getal",
        "it says no number": "het zegt geen getal",
        "the JSON path cannot be followed in what it says": "het JSON-pad is daarin niet te volgen",
        "the chip at {address} does not answer: {error}": (
            "de chip op {address} antwoordt niet: {error}"
        ),
        "the chip does not measure; it is started again": (
            "de chip meet niet; hij wordt opnieuw gestart"
        ),
        "the chip has just been started; it takes five seconds": (
            "de chip is net gestart; dat duurt vijf seconden"
        ),
        "there is no connection to the MQTT broker": "er is geen verbinding met de MQTT-broker",
        "nothing was heard on {topic} so far": "op {topic} is nog niets gehoord",
        "nothing was heard on {topic} for {seconds} s; messages over 320 KiB do not arrive": (
            "op {topic} is {seconds} s lang niets gehoord; berichten boven 320 KiB komen niet aan"
        ),
        "{device} is not on the 1-Wire bus": "{device} zit niet op de 1-Wire-bus",
        "the kernel gives no temperature": "de kernel geeft geen temperatuur",
        "its checksum is wrong: the wire is disturbed, or too long": (
            "zijn controlesom klopt niet: de draad is gestoord, of te lang"
        ),
        "it answers nothing but zeros: the bus is shorted": (
            "het antwoordt alleen nullen: de bus is kortgesloten"
        ),
        "it says 85 °C, as after each power-on: its supply fails": (
            "het zegt 85 °C, zoals na elk inschakelen: zijn voeding valt uit"
        ),
        "there is no line {line}": "er is geen lijn {line}",
        "the line {line} cannot be had: {error}": "de lijn {line} is niet te krijgen: {error}",
        "the line {line} was lost: {error}": "de lijn {line} ging verloren: {error}",
    },
)
