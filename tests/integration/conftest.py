"""Home Assistant with the integration, and a Llama to speak to."""

# First: otherwise the test harness's own custom components are the ones that are found.
import custom_components  # noqa: F401, I001

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.integration.double import LLAMA_ID, TOKEN, LlamaDouble


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Home Assistant's own warnings are not ours to mend; all others stay errors."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:::homeassistant"))


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load from custom_components, where a test has one."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.herdbook.client.backoff.FIRST_S", 0.02)
    monkeypatch.setattr("custom_components.herdbook.client.backoff.LONGEST_S", 0.05)


@pytest.fixture
async def llama(socket_enabled: None) -> AsyncGenerator[LlamaDouble]:
    double = LlamaDouble()
    await double.start()
    yield double
    await double.stop()


@pytest.fixture
def entry(hass: HomeAssistant, llama: LlamaDouble) -> MockConfigEntry:
    """The config entry of the Llama, not set up yet."""
    made = MockConfigEntry(
        domain="herdbook",
        title="Llama",
        unique_id=LLAMA_ID,
        data={CONF_URL: llama.url, CONF_TOKEN: TOKEN},
    )
    made.add_to_hass(hass)
    return made


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncGenerator[MockConfigEntry]:
    """The config entry of the Llama, set up."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
