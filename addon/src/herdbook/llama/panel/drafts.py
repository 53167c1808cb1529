"""Unfinished texts of a day's page: kept while they are written, looked for, thrown away.

A draft goes into the vault while it is open; what is left behind at a locked one is sealed into the
inbox, and is a draft again once that is absorbed.
"""

from aiohttp import web

from herdbook.errors import InputError, TextTooLong, Unauthorized, VaultLocked
from herdbook.journal.draft import Draft
from herdbook.journal.entry import TEXT_LIMIT, clean_text, read_day
from herdbook.llama.panel.days import door_part, signed_out
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in
from herdbook.llama.panel.field import saving_of


async def show(request: web.Request) -> web.Response:
    """The draft that the page may have overtaken, as JSON. Raises `Unauthorized`, `VaultLocked`."""
    session, opening = signed_in(request, used=False)
    day = read_day(request.match_info["day"])
    key = request.query.get("key", "")
    async with session.writing:
        drafts = await desk_of(request).vaults.glance(opening).drafts(day)
    found = next((one for one in drafts if one.composition == key), None)
    if found is None:
        found = next((one for one in drafts if one.entry_id is None), None)
    if found is None:
        return web.Response(status=204)
    return web.json_response({"text": found.text, "key": found.composition, "base": found.revision})


async def save(request: web.Request) -> web.Response:
    """Keep what is being written. With ``leaving``, a locked vault's inbox takes it.

    The answer names the composition and the revision it is kept as. A draft may be longer than an
    entry; the answer then says so, while there is time to split it.
    """
    desk = desk_of(request)
    fields = await fields_of(request)
    day = read_day(request.match_info["day"])
    saving = saving_of(fields, day)
    try:
        session, opening = signed_in(request)
    except Unauthorized:
        return signed_out(request, day)
    async with session.writing:
        try:
            draft = await desk.vaults.journal(opening).save_draft(saving)
        except VaultLocked:
            if "leaving" not in fields:
                return door_part(request, session, day)
            if saving.text.strip():
                await desk.vaults.drop_draft(opening.person, saving)
                session.sealed = True
            return web.Response(status=204)
    return web.Response(status=204) if draft is None else _kept(request, draft)


async def discard(request: web.Request) -> web.Response:
    """Throw an unfinished text away, and go to its day. Raises `VaultLocked`."""
    desk = desk_of(request)
    saving = saving_of(await fields_of(request), read_day(request.match_info["day"]))
    session, opening = signed_in(request)
    async with session.writing:
        await desk.vaults.journal(opening).drop_draft(saving.composition)
    return desk.pages.go(request, "day", day=saving.day.isoformat())


def _kept(request: web.Request, draft: Draft) -> web.Response:
    pages = desk_of(request).pages
    headers = {"Draft-Key": draft.composition, "Draft-Base": str(draft.revision)}
    values: dict[str, object]
    if draft.parted:
        values = {"message": pages.strings("day.parted"), "fix": pages.strings("day.parted_fix")}
    elif _too_long(draft.text):
        values = {
            "message": pages.strings("day.too_long", limit=TEXT_LIMIT),
            "fix": pages.strings("day.too_long_fix"),
        }
    else:
        return web.Response(status=204, headers=headers)
    headers |= {"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"}
    return pages.page("parts/notice.html", values, headers=headers)


def _too_long(text: str) -> bool:
    try:
        clean_text(text)
    except TextTooLong:
        return True
    except InputError:
        # Nothing to send yet.
        return False
    return False
