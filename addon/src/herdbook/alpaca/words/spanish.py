"""Spanish. “En marcha” and “en reposo” agree with a sensor's name whatever its gender."""

from typing import Final

from herdbook.alpaca.words.language import Language

SPANISH: Final = Language(
    code="es",
    point=",",
    group=".",
    percent="\N{NO-BREAK SPACE}",
    clock="{hour:02}:{minute:02}",
    second=("segundo", "segundos"),
    minute=("minuto", "minutos"),
    hour=("hora", "horas"),
    day=("día", "días"),
    week=("semana", "semanas"),
    spelled="dos tres cuatro cinco seis siete ocho nueve diez once doce",
    long_groups=True,
    sentences={
        "above_usual value": "{name}: {value}. Lo habitual es entre {low} y {high}.",
        "below_usual value": "{name}: {value}. Lo habitual es entre {low} y {high}.",
        "above_usual floor": "{name}: nunca por debajo de {value} desde hace una hora."
        " A esta hora lo habitual es entre {low} y {high}.",
        "below_usual ceiling": "{name}: nunca por encima de {value} desde hace una hora."
        " A esta hora lo habitual es entre {low} y {high}.",
        "above_usual hour": "{name}: alrededor de {value} desde hace una hora."
        " A esta hora lo habitual es entre {low} y {high}.",
        "below_usual hour": "{name}: alrededor de {value} desde hace una hora."
        " A esta hora lo habitual es entre {low} y {high}.",
        "sudden_change": "{name} pasó de {before} a {value} en {seconds}.",
        "drift": "{name}: alrededor de {value} ahora, frente a {before} hace una semana.",
        "stuck": "{name} marca {value} desde hace {seconds}, sin ningún cambio.",
        "missing": "{name} no da ninguna medición desde hace {seconds}.",
        "first_time": "{name} está en marcha, por primera vez en {known}.",
        "unusual_time": "{name} está en marcha a las {clock}. En {known} nunca lo estuvo entre las"
        " {from} y las {to}.",
        "unusual_time somewhere": "{name} está en marcha a las {clock}. En {known} nunca lo estuvo"
        " a esa hora.",
        "long_lasting on": "{name} está en marcha desde hace {seconds}, más de lo habitual.",
        "long_lasting off": "{name} está en reposo desde hace {seconds}, más de lo habitual.",
        "recovered": "{name} vuelve a estar como siempre: {value}, tras {seconds}.",
        "recovered on": "{name} vuelve a estar en marcha, tras {seconds}.",
        "recovered off": "{name} vuelve a estar en reposo, tras {seconds}.",
        "asked": "Ahora: {seen}.",
        "asked on": "{name} en marcha",
        "asked off": "{name} en reposo",
        "asked value": "{name} {value}",
        "asked fault": "{name} sin medición",
        "asked more": "y {count} más",
        "asked nothing": "Ahora no hay nada que medir.",
        "newer_llama": "El Llama tiene una versión más nueva."
        " En el nodo: uv tool upgrade herdbook, y después reiniciarlo.",
    },
    names={
        "CPU use": "Uso de la CPU",
        "Memory use": "Memoria usada",
        "Disk use": "Disco usado",
        "Load (1 minute)": "Carga (1 minuto)",
        "Last restart": "Último reinicio",
        "CPU temperature": "Temperatura de la CPU",
        "Under-voltage": "Subtensión",
        "Throttled": "Frenado",
        "Storage wear": "Desgaste del almacenamiento",
        "Storage wearing out": "Almacenamiento casi agotado",
        "Wi-Fi signal": "Señal wifi",
        "temperature": "temperatura",
        "humidity": "humedad",
        "pressure": "presión",
        "motion": "movimiento",
        "door": "puerta",
        "Observe now": "Observar ahora",
        "Observation by MQTT": "Observación por MQTT",
        "Clock": "Reloj",
        "Log storage used": "Espacio del registro usado",
        "Waiting to sync": "En espera del Llama",
    },
)
