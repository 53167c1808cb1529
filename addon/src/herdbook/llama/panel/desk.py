"""What every handler of the panel works with, and the small questions all of them ask."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from typing import Final, Protocol

from aiohttp import web

from herdbook.clock import Clock, day_of
from herdbook.errors import InputError, Unauthorized
from herdbook.house.book import HouseBook
from herdbook.house.node import NodeRow
from herdbook.house.observation import Observation
from herdbook.house.recall import Recall
from herdbook.journal.settings import Settings
from herdbook.llama.herd.ways import Ways
from herdbook.llama.imports import Imports
from herdbook.llama.keys import Keys
from herdbook.llama.opening import Opening
from herdbook.llama.panel.pages import Pages
from herdbook.llama.panel.sessions import Session, Sessions
from herdbook.llama.people import Person
from herdbook.llama.sealed_copy import SealedCopies
from herdbook.llama.vaults import Vaults


class HerdDesk(Protocol):
    """What the panel asks of the herd."""

    async def nodes(self) -> list[NodeRow]:
        """Every node that has said hello."""

    async def approve(self, node_id: str) -> NodeRow:
        """Make a node part of the herd. Raises `NodeUnknown`."""

    async def observations(self, day: date) -> list[Observation]:
        """What the house noticed on a day, in order of time."""

    async def rename(self, node_id: str, label: str | None) -> NodeRow:
        """Call a node something else; None: what it calls itself. Raises `NodeUnknown`."""

    async def retire(self, node_id: str) -> NodeRow:
        """Take a node out of the herd and keep what it told.

        Raises `NodeUnknown`, or `BrokerUnavailable` with nothing changed.
        """

    async def forget(self, node_id: str) -> None:
        """Take a node out of the herd and erase what it told. Raises alike."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The panel's parts. `secure` marks the cookie for HTTPS only; `ways`: how nodes come now."""

    vaults: Vaults
    keys: Keys
    imports: Imports
    herd: HerdDesk
    book: HouseBook
    clock: Clock
    zone: tzinfo
    sessions: Sessions
    pages: Pages
    secure: bool
    recall: Recall
    ways: Callable[[], Ways]
    copies: SealedCopies = field(default_factory=SealedCopies)

    def today(self) -> date:
        """The household's day now."""
        return day_of(self.clock.wall_ms(), self.zone)


@dataclass(frozen=True, slots=True)
class User:
    """A user of Home Assistant who came through its ingress, and what they are called there."""

    id: str
    name: str


DESK: Final = web.AppKey("desk", Desk)
HERE: Final = web.RequestKey("desk", Desk)
"""The desk of one request, where it is not the panel's own."""
WANTED: Final = web.RequestKey("wanted", Desk)
"""The same, as the person who asks wants it."""
USER: Final = web.RequestKey("user", User)
_COOKIE: Final = "herdbook"


def desk_of(request: web.Request) -> Desk:
    """The panel's parts, with pages as the person in this session wants them.

    What they left open, or nobody chose yet, is as the browser asks.
    """
    desk: Desk | None = request.get(WANTED)
    if desk is None:
        sessions = (request.get(HERE) or request.app[DESK]).sessions
        session = sessions.find(request.cookies.get(_COOKIE, ""), used=False)
        if session is not None and session.user_id != user_id_of(request):
            session = None  # of another user of Home Assistant, who had this browser before
        desk = desk_for(request, session)
    return desk


def desk_for(request: web.Request, session: Session | None) -> Desk:
    """The panel's parts as whoever a session is of wants them, for the rest of this request."""
    desk: Desk = request.get(HERE) or request.app[DESK]
    pages = desk.pages.asked(",".join(request.headers.getall("Accept-Language", [])))
    if session is not None:
        pages = pages.wanted(_settings_of(desk, session))
    request[WANTED] = replace(desk, pages=pages)
    return request[WANTED]


def _settings_of(desk: Desk, session: Session) -> Settings:
    if session.opening is not None and desk.vaults.admits(session.opening):
        session.settings = desk.vaults.settings(session.opening)
    return session.settings


def user_of(request: web.Request) -> User | None:
    """Which user of Home Assistant asks; None where it is not Home Assistant that says so."""
    user: User | None = request.get(USER)
    return user


def user_id_of(request: web.Request) -> str | None:
    """The id of the asking user of Home Assistant."""
    user = user_of(request)
    return None if user is None else user.id


def person_of(request: web.Request) -> Person | None:
    """The person that the asking user of Home Assistant is here, if they have a vault."""
    user_id = user_id_of(request)
    return None if user_id is None else desk_of(request).vaults.people.of_user(user_id)


def session_of(request: web.Request, *, used: bool = True) -> Session | None:
    """The browser's session, signed in or not. Not `used` by a page that asks by itself.

    One of another user of Home Assistant, who had this browser before, is none; nor is one that
    was signed in to a vault which is another user's by now.
    """
    session = desk_of(request).sessions.find(request.cookies.get(_COOKIE, ""), used=used)
    if session is None or session.user_id != user_id_of(request):
        return None
    if session.user_id is not None and session.opening is not None:
        person = person_of(request)
        if person is None or person.id != session.opening.person.id:
            return None
    return session


def signed_in(request: web.Request, *, used: bool = True) -> tuple[Session, Opening]:
    """The session and what signing in gave it. Raises `Unauthorized` when nobody is signed in."""
    session = session_of(request, used=used)
    if session is None or session.opening is None:
        raise Unauthorized("Nobody is signed in here.", fix="Sign in.")
    return session, session.opening


def unlocked_here(request: web.Request) -> bool:
    """Whether somebody is signed in who can read their vault here."""
    session = session_of(request)
    opening = session.opening if session else None
    return opening is not None and desk_of(request).vaults.admits(opening)


def begin_session(request: web.Request, response: web.Response, session: Session) -> None:
    """Give the browser a new token, and end the session it had."""
    desk = desk_of(request)
    desk.sessions.end(request.cookies.get(_COOKIE, ""))
    session.user_id = user_id_of(request)
    response.set_cookie(
        _COOKIE,
        desk.sessions.start(session),
        path=desk.pages.root,
        httponly=True,
        samesite="Strict",
        secure=desk.secure,
    )


def end_session(request: web.Request, response: web.Response) -> None:
    """Forget the browser's session, here and there."""
    desk = desk_of(request)
    desk.sessions.end(request.cookies.get(_COOKIE, ""))
    response.del_cookie(
        _COOKIE, path=desk.pages.root, httponly=True, samesite="Strict", secure=desk.secure
    )


async def fields_of(request: web.Request) -> dict[str, str]:
    """The fields of a posted form; the last of each name counts. Raises `InputError`."""
    try:
        posted = await request.post()
    except UnicodeDecodeError as error:
        raise InputError("The form is not UTF-8 text.") from error
    return {name: value for name, value in posted.items() if isinstance(value, str)}
