"""What the house remembers, on the herd's page: what a person keeps, dismisses or puts off.

What was put off waits behind all that nobody has looked at yet.
"""

from typing import Final

from aiohttp import web

from herdbook.errors import InputError
from herdbook.house.memory import Topic, Verdict
from herdbook.llama.panel.desk import Desk, desk_of, fields_of, signed_in
from herdbook.web.rendering import is_htmx

_AT_ONCE: Final = 50
_VERDICTS: Final[dict[str, Verdict | None]] = {
    "kept": "kept",
    "wrong": "wrong",
    "later": "later",
    "": None,
}


async def shown(desk: Desk) -> dict[str, object]:
    """What the part of the page with the memories shows: first what waits for a person.

    Of that as many as somebody looks through; the search finds the others.
    """
    topics = await desk.book.topics()
    waiting = [one for one in topics if one.contradictory or not _is_judged(one)]
    waiting.sort(key=_is_put_off)
    return {
        "waiting_topics": waiting[:_AT_ONCE],
        "more_topics": len(waiting[_AT_ONCE:]),
        "judged_topics": [one for one in topics if one not in waiting],
    }


def _is_judged(topic: Topic) -> bool:
    return all(fact.verdict in ("kept", "wrong") for fact in topic.facts)


def _is_put_off(topic: Topic) -> bool:
    return not topic.contradictory and all(fact.verdict for fact in topic.facts)


async def review(request: web.Request) -> web.Response:
    """Note what a person thinks of a fact; by htmx, give all of them anew."""
    signed_in(request)
    desk = desk_of(request)
    fields = await fields_of(request)
    verdict = fields.get("verdict")
    if verdict not in _VERDICTS:
        raise InputError("There is no such choice.", reason="no_such_choice")
    await desk.book.review(fields.get("topic", ""), fields.get("answer", ""), _VERDICTS[verdict])
    if not is_htmx(request):
        return desk.pages.go(request, "herd")
    return desk.pages.page("parts/memories.html", await shown(desk))
