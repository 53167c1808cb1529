"""A real Llama that Home Assistant shows: only the Supervisor's address gets a page."""

from pathlib import Path

import aiohttp
import pytest

from demo.folder import Folder
from demo.herdbook import Llama
from demo.ports import free_port

ASKED = {
    "X-Ingress-Path": "/api/hassio_ingress/token",
    "X-Remote-User-Id": "a" * 32,
    "X-Remote-User-Display-Name": "Ada",
}


@pytest.mark.parametrize(("supervisor", "status"), [("127.0.0.1", 200), ("172.30.32.2", 403)])
async def test_a_llama_in_ingress_answers_the_supervisor_alone(
    tmp_path: Path, supervisor: str, status: int
) -> None:
    port, unused = free_port(), free_port()
    with Folder(tmp_path) as folder:
        llama = Llama(folder, broker_port=free_port(), panel_port=unused, api_port=free_port())
        llama.config.write_text(
            f'panel_url = "homeassistant://hassio/ingress/herdbook"\n{llama.config.read_text()}'
            f'[ingress]\nport = {port}\nsupervisor = "{supervisor}"\n'
        )
        await llama.start()
        try:
            async with aiohttp.ClientSession() as session:
                async with session.get(
                    f"http://127.0.0.1:{port}/create", headers=ASKED
                ) as response:
                    assert response.status == status
                    assert ('value="Ada"' in await response.text()) == (status == 200)
                with pytest.raises(aiohttp.ClientConnectionError):
                    await session.get(f"http://127.0.0.1:{unused}/create")
        finally:
            await llama.stop()
