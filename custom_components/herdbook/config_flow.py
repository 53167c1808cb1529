"""Setting up a Llama: its address and its token, asked once and asked again when they fail."""

from collections.abc import Mapping
from typing import Any, Final, override

import probatio
from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType

from .client import (
    Hello,
    InvalidAuth,
    InvalidUrl,
    LlamaClient,
    LlamaError,
    MalformedMessage,
    UnsupportedSchema,
)
from .const import DOMAIN

TOKEN: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
USER_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_URL): URL,
        probatio.Required(probatio.Secret(CONF_TOKEN)): TOKEN,
    }
)
REAUTH_SCHEMA: Final = probatio.Schema({probatio.Required(probatio.Secret(CONF_TOKEN)): TOKEN})
# Shown as an example where the address is asked.
EXAMPLE: Final = {"example_url": "http://192.168.1.20:8478"}


class HerdbookConfigFlow(ConfigFlow, domain=DOMAIN):
    """Asks, tries, and tells what is wrong."""

    VERSION = 1

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set up a Llama."""
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _stripped(user_input)
            hello = await self._async_try(data, errors)
            if hello is not None:
                await self.async_set_unique_id(hello.llama_id)
                self._abort_if_unique_id_configured(updates=data)
                return self.async_create_entry(title=hello.name, data=data)
        return self._show("user", USER_SCHEMA, user_input, errors)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the address or the token."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = _stripped(user_input)
            hello = await self._async_try(data, errors)
            if hello is not None:
                await self.async_set_unique_id(hello.llama_id)
                self._abort_if_unique_id_mismatch(reason="wrong_llama")
                return self.async_update_reload_and_abort(entry, data_updates=data)
        known = user_input or {CONF_URL: entry.data[CONF_URL]}
        return self._show("reconfigure", USER_SCHEMA, known, errors)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """The Llama no longer accepts the token."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the token that it accepts now."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {CONF_URL: entry.data[CONF_URL], **_stripped(user_input)}
            hello = await self._async_try(data, errors)
            if hello is not None:
                await self.async_set_unique_id(hello.llama_id)
                self._abort_if_unique_id_mismatch(reason="wrong_llama")
                return self.async_update_reload_and_abort(entry, data_updates=data)
        return self._show("reauth_confirm", REAUTH_SCHEMA, user_input, errors)

    def _show(
        self,
        step_id: str,
        schema: probatio.Schema,
        known: Mapping[str, Any] | None,
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, known),
            errors=errors,
            description_placeholders=EXAMPLE,
        )

    async def _async_try(self, data: Mapping[str, str], errors: dict[str, str]) -> Hello | None:
        """Connect once. Fills `errors` and gives None when that does not work."""
        try:
            client = LlamaClient(
                async_get_clientsession(self.hass), data[CONF_URL], data[CONF_TOKEN]
            )
            connection, _ = await client.connect()
        except InvalidUrl:
            errors[CONF_URL] = "invalid_url"
        except InvalidAuth:
            errors[CONF_TOKEN] = "invalid_auth"
        except UnsupportedSchema:
            errors["base"] = "unsupported_schema"
        except MalformedMessage:
            errors["base"] = "not_a_llama"
        except LlamaError:
            errors["base"] = "cannot_connect"
        else:
            await connection.close()
            return connection.hello
        return None


def _stripped(user_input: Mapping[str, str]) -> dict[str, str]:
    """What was typed, without the spaces that copying brings along."""
    return {name: value.strip() for name, value in user_input.items()}
