from herdbook.llama.opening import Opening
from herdbook.llama.panel.sessions import LIFETIME_MS, LIMIT, Session, Sessions
from herdbook.llama.people import Person
from tests.fakes.clock import ManualClock


def test_a_session_is_found_by_its_token_alone() -> None:
    sessions = Sessions(ManualClock())
    session = Session()
    token = sessions.start(session)
    assert len(token) == 43, "256 bits"
    assert sessions.find(token) is session
    for wrong in ("", token[:-1], token + "x", "\udcff"):
        assert sessions.find(wrong) is None
    sessions.end(token)
    assert sessions.find(token) is None


def test_no_token_is_kept() -> None:
    sessions = Sessions(ManualClock())
    token = sessions.start(Session())
    assert token not in repr(vars(sessions))


def test_use_keeps_a_session_and_a_day_without_ends_it() -> None:
    clock = ManualClock()
    sessions = Sessions(clock)
    token = sessions.start(Session())
    for _ in range(3):
        clock.advance(LIFETIME_MS)
        assert sessions.find(token) is not None
    clock.advance(LIFETIME_MS + 1)
    assert sessions.find(token) is None


def test_a_page_that_asks_by_itself_keeps_no_session() -> None:
    clock = ManualClock()
    sessions = Sessions(clock)
    token = sessions.start(Session())
    clock.advance(LIFETIME_MS)
    assert sessions.find(token, used=False) is not None
    clock.advance(1)
    assert sessions.find(token, used=False) is None


def test_the_longest_unused_session_makes_room() -> None:
    sessions = Sessions(ManualClock())
    used, unused = sessions.start(Session()), sessions.start(Session())
    sessions.find(used)
    for _ in range(LIMIT - 1):
        sessions.start(Session())
    assert sessions.find(used) is not None
    assert sessions.find(unused) is None


def test_a_crowd_of_strangers_signs_nobody_out() -> None:
    sessions = Sessions(ManualClock())
    ada = Opening(Person("ada", "ada", None, "ada"))
    signed_in = [sessions.start(Session(ada)) for _ in range(3)]
    strangers = [sessions.start(Session()) for _ in range(2 * LIMIT)]
    assert all(sessions.find(token) for token in signed_in)
    assert sum(sessions.find(token) is not None for token in strangers) == LIMIT - 3
    assert sessions.find(strangers[-1]) is not None
    signed_in += [sessions.start(Session(ada)) for _ in range(LIMIT)]
    assert sessions.find(signed_in[0]) is None
    stranger = sessions.start(Session())
    assert sessions.find(stranger) is not None, "the newest is never the one to go"


def test_all_other_sessions_of_a_person_end_at_once() -> None:
    sessions = Sessions(ManualClock())
    ada, ben = (Person(name, name, None, name) for name in ("ada", "ben"))
    kept, other, bens = (Session(Opening(person)) for person in (ada, ada, ben))
    tokens = [sessions.start(one) for one in (kept, other, bens, Session())]
    sessions.end_others("ada", kept)
    assert [sessions.find(token) is not None for token in tokens] == [True, False, True, True]
    sessions.end_others("ada")
    assert [sessions.find(token) is not None for token in tokens] == [False, False, True, True]
