"""English."""

from typing import Final

from herdbook.alpaca.words.language import Language

ENGLISH: Final = Language(
    code="en",
    point=".",
    group=",",
    percent="",
    clock="{hour:02}:{minute:02}",
    second=("second", "seconds"),
    minute=("minute", "minutes"),
    hour=("hour", "hours"),
    day=("day", "days"),
    week=("week", "weeks"),
    spelled="two three four five six seven eight nine ten eleven twelve",
    small=(
        "a again an and are around as at been between by for from has have in is it its just"
        " more not now of off on since still than that the there this to up usual usually was"
        " were with"
    ),
    sentences={
        "above_usual value": "{name} is {value}. It is usually between {low} and {high}.",
        "below_usual value": "{name} is {value}. It is usually between {low} and {high}.",
        "above_usual floor": "{name} has not been below {value} for an hour."
        " At this time it is usually between {low} and {high}.",
        "below_usual ceiling": "{name} has not been above {value} for an hour."
        " At this time it is usually between {low} and {high}.",
        "above_usual hour": "{name} has been around {value} for an hour."
        " At this time it is usually between {low} and {high}.",
        "below_usual hour": "{name} has been around {value} for an hour."
        " At this time it is usually between {low} and {high}.",
        "sudden_change": "{name} went from {before} to {value} within {seconds}.",
        "drift": "{name} is around {value} by now, after {before} a week ago.",
        "stuck": "{name} has shown {value} for {seconds}, without any change.",
        "missing": "{name} has had no reading for {seconds}.",
        "first_time": "{name} is on, for the first time in {known}.",
        "unusual_time": "{name} is on at {clock}. In {known} it never was between {from} and {to}.",
        "unusual_time somewhere": "{name} is on at {clock}. In {known} it never was at that time.",
        "long_lasting on": "{name} has been on for {seconds}, longer than usual.",
        "long_lasting off": "{name} has been off for {seconds}, longer than usual.",
        "recovered": "{name} is as usual again: {value}, after {seconds}.",
        "recovered on": "{name} is on again, after {seconds}.",
        "recovered off": "{name} is off again, after {seconds}.",
        "asked": "Now: {seen}.",
        "asked on": "{name} on",
        "asked off": "{name} off",
        "asked value": "{name} {value}",
        "asked fault": "{name} without a reading",
        "asked more": "and {count} more",
        "asked nothing": "Now there is nothing to read.",
        "newer_llama": "The Llama runs a newer version."
        " On the node: uv tool upgrade herdbook, then restart it.",
    },
)
