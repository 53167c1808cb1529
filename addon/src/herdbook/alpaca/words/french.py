"""French. “Marche” and “arrêt” agree with a sensor's name whatever its gender."""

from typing import Final

from herdbook.alpaca.words.language import Language

FRENCH: Final = Language(
    code="fr",
    point=",",
    group="\N{NARROW NO-BREAK SPACE}",
    percent="\N{NARROW NO-BREAK SPACE}",
    clock="{hour:02}:{minute:02}",
    second=("seconde", "secondes"),
    minute=("minute", "minutes"),
    hour=("heure", "heures"),
    day=("jour", "jours"),
    week=("semaine", "semaines"),
    spelled="deux trois quatre cinq six sept huit neuf dix onze douze",
    small=(
        "a à au autour avec ce d dans de depuis des du elle en entre est et été"
        " habituellement il l la le les maintenant mais moins n par pas plus pour que qui"
        " sans se son sont sur un une"
    ),
    sentences={
        "above_usual value": "{name} : {value}. D’habitude, c’est entre {low} et {high}.",
        "below_usual value": "{name} : {value}. D’habitude, c’est entre {low} et {high}.",
        "above_usual floor": "{name} : jamais moins de {value} depuis une heure."
        " À cette heure, c’est d’habitude entre {low} et {high}.",
        "below_usual ceiling": "{name} : jamais plus de {value} depuis une heure."
        " À cette heure, c’est d’habitude entre {low} et {high}.",
        "above_usual hour": "{name} : environ {value} depuis une heure."
        " À cette heure, c’est d’habitude entre {low} et {high}.",
        "below_usual hour": "{name} : environ {value} depuis une heure."
        " À cette heure, c’est d’habitude entre {low} et {high}.",
        "sudden_change": "{name} : de {before} à {value} en {seconds}.",
        "drift": "{name} : environ {value} à présent, contre {before} il y a une semaine.",
        "stuck": "{name} : toujours {value} depuis {seconds}, sans aucun changement.",
        "missing": "{name} : aucune mesure depuis {seconds}.",
        "first_time": "{name} : en marche, pour la première fois en {known}.",
        "unusual_time": "{name} : en marche à {clock}. En {known}, jamais entre {from} et {to}.",
        "unusual_time somewhere": "{name} : en marche à {clock}. En {known}, jamais à cette heure.",
        "long_lasting on": "{name} : en marche depuis {seconds}, plus longtemps que d’habitude.",
        "long_lasting off": "{name} : à l’arrêt depuis {seconds}, plus longtemps que d’habitude.",
        "recovered": "{name} : de nouveau comme d’habitude, {value}, après {seconds}.",
        "recovered on": "{name} : de nouveau en marche, après {seconds}.",
        "recovered off": "{name} : de nouveau à l’arrêt, après {seconds}.",
        "asked": "Maintenant : {seen}.",
        "asked on": "{name} en marche",
        "asked off": "{name} à l’arrêt",
        "asked value": "{name} {value}",
        "asked fault": "{name} sans mesure",
        "asked more": "et {count} de plus",
        "asked nothing": "Maintenant, il n’y a rien à mesurer.",
        "newer_llama": "Le Lama a une version plus récente."
        " Sur le nœud : uv tool upgrade herdbook, puis le redémarrer.",
    },
    names={
        "CPU use": "Charge du processeur",
        "Memory use": "Mémoire utilisée",
        "Disk use": "Disque utilisé",
        "Load (1 minute)": "Charge (1 minute)",
        "Last restart": "Dernier redémarrage",
        "CPU temperature": "Température du processeur",
        "Under-voltage": "Sous-tension",
        "Throttled": "Bridé",
        "Storage wear": "Usure du stockage",
        "Storage wearing out": "Stockage bientôt usé",
        "Wi-Fi signal": "Signal Wi-Fi",
        "temperature": "température",
        "humidity": "humidité",
        "pressure": "pression",
        "motion": "mouvement",
        "door": "porte",
        "Observe now": "Observer maintenant",
        "Observation by MQTT": "Observation par MQTT",
        "Clock": "Horloge",
        "Log storage used": "Espace du carnet utilisé",
        "Waiting to sync": "En attente du Lama",
    },
    phrases={
        "It was not read yet.": "Rien n’a encore été lu.",
        "{name} was not read.": "{name} n’a pas été lu.",
        "{name} does not answer.": "{name} ne répond pas.",
        "{name} cannot be read: {error}.": "{name} ne peut pas être lu : {error}.",
        "{name} reads {value}, which is not a number.": (
            "{name} indique {value}, ce qui n’est pas un nombre."
        ),
        "{name} reads {value}, which is too large to keep.": (
            "{name} indique {value}, trop grand pour être gardé."
        ),
        "{name} reads {value}, which is no moment.": (
            "{name} indique {value}, ce qui n’est pas un instant."
        ),
        "{name} reads {value}{unit}; valid is {low} to {high}.": (
            "{name} indique {value}{unit} ; c’est valable de {low} à {high}."
        ),
        "{name} reads {value}, which is neither 1 (on) nor 0.": (
            "{name} indique {value}, ni 1 (en marche) ni 0."
        ),
        "the kernel's counters stand still": "les compteurs du noyau sont arrêtés",
        "this machine's clock has not been set yet": (
            "l’horloge de cette machine n’a pas encore été réglée"
        ),
        "{chip} is gone": "{chip} a disparu",
        "the card does not tell any more": "la carte ne le dit plus",
        "{interface} is not connected": "{interface} n’est pas connecté",
        "{program} cannot be run: {error}": "{program} ne peut pas être lancé : {error}",
        "{program} takes longer than {seconds} s": "{program} prend plus de {seconds} s",
        "{program} ends with code {code}": "{program} se termine avec le code {code}",
        "it prints more than {most} bytes": "plus de {most} octets sont écrits",
        "cannot read {path}: {error}": "impossible de lire {path} : {error}",
        "{path} holds no number": "{path} ne contient pas de nombre",
        "the recording is at its end": "l’enregistrement est fini",
        "the recording has no value here": "l’enregistrement n’a pas de valeur ici",
        "the recording is empty": "l’enregistrement est vide",
        "line {line} of the recording: {why}": "ligne {line} de l’enregistrement : {why}",
        "it goes back in time": "elle revient dans le temps",
        "it is one more than the {most} that are taken": (
            "c’est une de plus que les {most} qui sont prises"
        ),
        "it is not “timestamp,value”": "ce n’est pas « timestamp,value »",
        "there is no IIO device {device}": "il n’y a pas d’appareil IIO {device}",
        "{device} has no channel {channel}": "{device} n’a pas de canal {channel}",
        "{device} gives no number": "{device} ne donne pas de nombre",
        "it says more than {most} bytes": "plus de {most} octets sont envoyés",
        "it says JSON that is nested too deeply": "son JSON est trop imbriqué",
        "it says no valid JSON": "son JSON n’est pas valable",
        "it says a number that is too large": "son nombre est trop grand",
        "there is no number at that JSON path": "il n’y a pas de nombre à ce chemin JSON",
        "it says no number": "aucun nombre n’est dit",
        "the JSON path cannot be followed in what it says": "le chemin JSON n’y mène nulle part",
        "the chip at {address} does not answer: {error}": (
            "la puce à {address} ne répond pas : {error}"
        ),
        "the chip does not measure; it is started again": (
            "la puce ne mesure pas ; elle est relancée"
        ),
        "the chip has just been started; it takes five seconds": (
            "la puce vient d’être lancée ; il lui faut cinq secondes"
        ),
        "there is no connection to the MQTT broker": "il n’y a pas de connexion au broker MQTT",
        "nothing was heard on {topic} so far": "rien n’a encore été entendu sur {topic}",
        "nothing was heard on {topic} for {seconds} s; messages over 320 KiB do not arrive": (
            "rien n’a été entendu sur {topic} depuis {seconds} s ; les messages de plus de 320"
            " Kio n’arrivent pas"
        ),
        "{device} is not on the 1-Wire bus": "{device} n’est pas sur le bus 1-Wire",
        "the kernel gives no temperature": "le noyau ne donne pas de température",
        "its checksum is wrong: the wire is disturbed, or too long": (
            "sa somme de contrôle est fausse : le fil est perturbé, ou trop long"
        ),
        "it answers nothing but zeros: the bus is shorted": (
            "il ne répond que des zéros : le bus est en court-circuit"
        ),
        "it says 85 °C, as after each power-on: its supply fails": (
            "il dit 85 °C, comme après chaque mise sous tension : son alimentation flanche"
        ),
        "there is no line {line}": "il n’y a pas de ligne {line}",
        "the line {line} cannot be had: {error}": (
            "la ligne {line} ne peut pas être prise : {error}"
        ),
        "the line {line} was lost: {error}": "la ligne {line} a été perdue : {error}",
    },
)
