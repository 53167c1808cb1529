"""What a day begins with: a text for each weekday, on a page of their own."""

from aiohttp import web

from herdbook.errors import VaultLocked
from herdbook.journal.weekdays import TEXT_LIMIT
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in
from herdbook.llama.panel.faults import KEPT


async def show(request: web.Request) -> web.Response:
    """The page. While the vault is locked, today's page with its door."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    try:
        async with session.writing:
            texts = await desk.vaults.journal(opening).weekdays()
    except VaultLocked:
        return desk.pages.go(request, "home")
    told, session.told = session.told == "weekdays", ""
    days = [(desk.pages.first_weekday + number) % 7 for number in range(7)]
    return desk.pages.page(
        "weekdays.html",
        {
            "weekdays": [(day, desk.pages.weekday_name(day), texts[day]) for day in days],
            "limit": TEXT_LIMIT,
            "told": told,
        },
    )


async def change(request: web.Request) -> web.Response:
    """Keep all seven, and show the page as it is then."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    fields = await fields_of(request)
    texts = [fields.get(f"weekday_{day}", "") for day in range(7)]
    request[KEPT] = "\n\n".join(filter(None, texts))
    async with session.writing:
        await desk.vaults.journal(opening).set_weekdays(texts)
    session.told = "weekdays"
    return desk.pages.go(request, "weekdays")
