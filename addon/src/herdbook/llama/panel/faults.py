"""The panel's edge for errors: from an exception to a status and words for a person, once."""

import logging
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from herdbook.errors import (
    DayInvalid,
    EntryUnknown,
    FileTooLarge,
    FileUnknown,
    HerdbookError,
    InboxFull,
    InputError,
    NodeUnknown,
    PersonUnknown,
    RecoveryCodeInvalid,
    StorageError,
    TooManyAttempts,
    TraceUnknown,
    Unauthorized,
    Unavailable,
    VaultLocked,
    WrongSecret,
)
from herdbook.llama.attempts import rounded
from herdbook.llama.panel.desk import desk_of
from herdbook.llama.panel.pages import Pages
from herdbook.web.rendering import is_htmx

_LOGGER = logging.getLogger(__name__)

_STATUS: Final[dict[type[HerdbookError], int]] = {
    DayInvalid: 404,
    EntryUnknown: 404,
    FileTooLarge: 413,
    FileUnknown: 404,
    InputError: 422,
    NodeUnknown: 404,
    PersonUnknown: 404,
    Unauthorized: 401,
    Unavailable: 503,
    StorageError: 507,
    TooManyAttempts: 429,
    TraceUnknown: 404,
    InboxFull: 507,
    RecoveryCodeInvalid: 422,
    VaultLocked: 423,
    WrongSecret: 403,
    HerdbookError: 500,
}

KEPT: Final = web.RequestKey("kept", str)
"""What a person wrote and a handler tries to keep: an error page shows it, so nothing is lost."""


def status_of(error: HerdbookError) -> int:
    """The HTTP status of an error: that of its nearest class."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def headers_of(error: HerdbookError) -> dict[str, str]:
    """What the answer to an error says beside its status."""
    return {"Retry-After": str(error.wait_s)} if isinstance(error, TooManyAttempts) else {}


def words_of(pages: Pages, error: HerdbookError) -> tuple[str, str]:
    """What happened and what to do: translated where reason or code say it all, else as raised."""
    if isinstance(error, TooManyAttempts):
        count, unit = rounded(error.wait_s)
        return pages.strings("faults.too_many_attempts"), pages.strings(
            f"faults.wait_{unit}", count=count
        )
    if isinstance(error, InputError) and error.reason:
        key = f"faults.{error.reason}"
        return pages.strings(key, **error.values), pages.strings(f"{key}_fix")
    key = f"faults.{error.code}"
    if key in pages.strings:
        return pages.strings(key), pages.strings(f"{key}_fix")
    return error.message, error.fix


@web.middleware
async def translate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with a page, or with a notice where htmx asked for a part of one."""
    try:
        return await handler(request)
    except Unauthorized:
        return desk_of(request).pages.go(request, "sign_in")
    except HerdbookError as error:
        status = status_of(error)
        if status >= 500:
            _LOGGER.warning("%s %s: %s", request.method, _route(request), error)
        message, fix = words_of(desk_of(request).pages, error)
        is_of_herd = isinstance(error, NodeUnknown)
        response = _answer(request, status, message, fix, is_of_herd=is_of_herd)
        response.headers.update(headers_of(error))
        return response
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _known(request, error.status, error)
    except ConnectionResetError:
        return web.Response(status=400)  # to nobody: the browser is gone
    except Exception:
        _LOGGER.exception("%s %s failed", request.method, _route(request))
        return _known(request, 500)


def _route(request: web.Request) -> str:
    """The kind of page, not which: addresses tell which days somebody reads."""
    resource = request.match_info.route.resource
    return "?" if resource is None else resource.canonical


def _known(
    request: web.Request, status: int, error: web.HTTPException | None = None
) -> web.Response:
    strings = desk_of(request).pages.strings
    told = status if f"faults.text_{status}" in strings else 500
    response = _answer(
        request, status, strings(f"faults.text_{told}"), strings(f"faults.fix_{told}")
    )
    if error is not None and "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _answer(
    request: web.Request, status: int, message: str, fix: str, *, is_of_herd: bool = False
) -> web.Response:
    pages = desk_of(request).pages
    if is_htmx(request):
        return pages.page(
            "parts/notice.html",
            {"message": message, "fix": fix},
            status=status,
            headers={"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"},
        )
    title = f"faults.title_{status}"
    return pages.page(
        "fault.html",
        {
            "title": pages.strings(title if title in pages.strings else "faults.title_500"),
            "message": message,
            "fix": fix,
            "kept": request.get(KEPT, ""),
            "home": status != 421,
            "is_of_herd": is_of_herd,
        },
        status=status,
    )
