import pytest

from herdbook.eventlog.messages import Hello
from herdbook.ids import fingerprint_of, node_id_of
from tests.llama.panel.stage import HTMX, Browser, Stage

NODE = node_id_of(b"a public key")


async def test_an_empty_herd_says_how_to_begin(ada: Browser) -> None:
    assert "No node has said hello yet" in await ada.page("/herd")


@pytest.mark.parametrize("headers", [{}, HTMX])
async def test_a_node_waits_until_it_is_approved(
    set_up: Stage, ada: Browser, headers: dict[str, str]
) -> None:
    await set_up.book.hello(NODE, Hello("Hall <way>", "0.1.0", 3))
    page = await ada.page("/herd")
    assert "Waiting for you" in page
    assert "Hall &lt;way&gt;" in page
    assert fingerprint_of(NODE) in page
    assert "Part of the herd" not in page

    answer = await ada.post(f"/herd/{NODE}/approve", headers=headers)
    page = await answer.text()
    assert answer.status == 200
    assert "Part of the herd" in page
    assert "Waiting for you" not in page
    assert ("<html" in page) is not headers
    row = await set_up.book.node(NODE)
    assert row is not None
    assert row.approved


async def test_a_node_nobody_knows_cannot_be_approved(ada: Browser) -> None:
    answer = await ada.post(f"/herd/{NODE}/approve", headers=HTMX)
    assert answer.status == 404
    assert answer.headers["HX-Retarget"] == "#notice"
    assert "No node of that id" in await answer.text()


async def test_a_stranger_approves_nothing(set_up: Stage, browser: Browser) -> None:
    await set_up.person()
    await set_up.book.hello(NODE, Hello("Hallway", "0.1.0", 3))
    assert (await browser.post(f"/herd/{NODE}/approve")).url.path == "/sign-in"
    row = await set_up.book.node(NODE)
    assert row is not None
    assert not row.approved
