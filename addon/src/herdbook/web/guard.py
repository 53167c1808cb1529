"""What every request must pass and every answer carries: host, origin, form type, headers.

Pages are served on loopback or in a home network, where other web sites' scripts run in the same
browser. So unsafe requests must come from the pages themselves, and they are shown only under
names that an attacker cannot point at it (DNS rebinding).
"""

import ipaddress
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
MULTIPART: Final = "multipart/form-data"
_FORM: Final = "application/x-www-form-urlencoded"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "frame-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not “no-referrer”: browsers then send “Origin: null” with the panel's own forms, and on plain
    # HTTP, where they send no Sec-Fetch-Site either, that is all there is to tell them by.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Give every answer its security headers; static files bring their own Cache-Control."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def guard(hosts: frozenset[str] | None, uploads: Collection[Handler] = ()) -> Middleware:
    """A middleware that lets through what the panel answers to; `hosts` are further names of it.

    With None it answers to every name: Home Assistant's ingress is what an attacker would have to
    be signed in to.

    Raises 421 for an unknown host, 403 for an unsafe request from elsewhere, 415 for a body that is
    not an ordinary form. Those with files in them aiohttp would spill into temporary files: only
    the handlers `uploads` get them, which read them otherwise.
    """
    known = None if hosts is None else hosts | {"localhost"}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if known is not None and not _is_known(request, known):
            raise web.HTTPMisdirectedRequest
        if request.method not in _SAFE:
            if not _from_here(request):
                raise web.HTTPForbidden
            with_files = request.match_info.handler in uploads
            if request.can_read_body and not _is_form(request, with_files=with_files):
                raise web.HTTPUnsupportedMediaType
        return await handler(request)

    return check


def _is_known(request: web.Request, known: frozenset[str]) -> bool:
    host = _host_of(request.headers.get("Host", ""))
    return host in known or _is_address(host)


def _from_here(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin, host = request.headers.get("Origin", ""), request.headers.get("Host", "")
    return host != "" and origin.partition("://")[2] == host


def _is_form(request: web.Request, *, with_files: bool) -> bool:
    if with_files and request.content_type == MULTIPART:
        return True
    return request.content_type == _FORM and (request.charset or "utf-8").lower() == "utf-8"


def _host_of(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
