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
    small=(
        "a ahora al con de del desde el en entre es está esta ha hay la las lo los más menos"
        " no normalmente para pero por que se sin son su suele un una y ya"
    ),
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
        "newer_llama": "La Llama tiene una versión más nueva."
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
        "Log storage used": "Espacio del cuaderno usado",
        "Waiting to sync": "En espera de la Llama",
    },
    phrases={
        "It was not read yet.": "Aún no se ha leído.",
        "{name} was not read.": "{name} no se ha leído.",
        "{name} does not answer.": "{name} no responde.",
        "{name} cannot be read: {error}.": "{name} no se puede leer: {error}.",
        "{name} reads {value}, which is not a number.": (
            "{name} marca {value}, que no es un número."
        ),
        "{name} reads {value}, which is too large to keep.": (
            "{name} marca {value}, demasiado grande para guardarlo."
        ),
        "{name} reads {value}, which is no moment.": "{name} marca {value}, que no es un momento.",
        "{name} reads {value}{unit}; valid is {low} to {high}.": (
            "{name} marca {value}{unit}; lo válido va de {low} a {high}."
        ),
        "{name} reads {value}, which is neither 1 (on) nor 0.": (
            "{name} marca {value}, que no es 1 (encendido) ni 0."
        ),
        "the kernel's counters stand still": "los contadores del kernel están parados",
        "this machine's clock has not been set yet": (
            "el reloj de esta máquina aún no se ha puesto en hora"
        ),
        "{chip} is gone": "{chip} ya no está",
        "the card does not tell any more": "la tarjeta ya no lo dice",
        "{interface} is not connected": "{interface} no está conectado",
        "{program} cannot be run: {error}": "{program} no se puede ejecutar: {error}",
        "{program} takes longer than {seconds} s": "{program} tarda más de {seconds} s",
        "{program} ends with code {code}": "{program} termina con el código {code}",
        "it prints more than {most} bytes": "escribe más de {most} bytes",
        "cannot read {path}: {error}": "no se puede leer {path}: {error}",
        "{path} holds no number": "{path} no contiene ningún número",
        "the recording is at its end": "la grabación ha terminado",
        "the recording has no value here": "la grabación no tiene ningún valor aquí",
        "the recording is empty": "la grabación está vacía",
        "line {line} of the recording: {why}": "línea {line} de la grabación: {why}",
        "it goes back in time": "vuelve atrás en el tiempo",
        "it is one more than the {most} that are taken": "es una más de las {most} que se admiten",
        "it is not “timestamp,value”": "no es «timestamp,value»",
        "there is no IIO device {device}": "no hay ningún dispositivo IIO {device}",
        "{device} has no channel {channel}": "{device} no tiene el canal {channel}",
        "{device} gives no number": "{device} no da ningún número",
        "it says more than {most} bytes": "dice más de {most} bytes",
        "it says JSON that is nested too deeply": "su JSON está demasiado anidado",
        "it says no valid JSON": "no dice JSON válido",
        "it says a number that is too large": "dice un número demasiado grande",
        "there is no number at that JSON path": "no hay ningún número en esa ruta JSON",
        "it says no number": "no dice ningún número",
        "the JSON path cannot be followed in what it says": (
            "la ruta JSON no se puede seguir en lo que dice"
        ),
        "the chip at {address} does not answer: {error}": (
            "el chip en {address} no responde: {error}"
        ),
        "the chip does not measure; it is started again": "el chip no mide; se inicia de nuevo",
        "the chip has just been started; it takes five seconds": (
            "el chip acaba de iniciarse; tarda cinco segundos"
        ),
        "there is no connection to the MQTT broker": "no hay conexión con el bróker MQTT",
        "nothing was heard on {topic} so far": "hasta ahora no se ha oído nada en {topic}",
        "nothing was heard on {topic} for {seconds} s; messages over 320 KiB do not arrive": (
            "no se ha oído nada en {topic} desde hace {seconds} s; los mensajes de más de 320 KiB"
            " no llegan"
        ),
        "{device} is not on the 1-Wire bus": "{device} no está en el bus 1-Wire",
        "the kernel gives no temperature": "el kernel no da ninguna temperatura",
        "its checksum is wrong: the wire is disturbed, or too long": (
            "su suma de comprobación es errónea: el cable tiene interferencias o es demasiado largo"
        ),
        "it answers nothing but zeros: the bus is shorted": (
            "solo responde ceros: el bus está en cortocircuito"
        ),
        "it says 85 °C, as after each power-on: its supply fails": (
            "dice 85 °C, como tras cada encendido: le falla la alimentación"
        ),
        "there is no line {line}": "no hay ninguna línea {line}",
        "the line {line} cannot be had: {error}": "no se puede tomar la línea {line}: {error}",
        "the line {line} was lost: {error}": "se ha perdido la línea {line}: {error}",
    },
)
