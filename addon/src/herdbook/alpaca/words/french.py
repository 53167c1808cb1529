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
        "newer_llama": "Le Llama a une version plus récente."
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
        "Log storage used": "Espace du journal utilisé",
        "Waiting to sync": "En attente du Llama",
    },
)
