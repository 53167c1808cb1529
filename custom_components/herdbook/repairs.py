"""An Alpaca that waits for approval is a repair: a person compares fingerprints, lets it in."""

from typing import Any, Final

import probatio
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .client import CannotConnect, LlamaError, UnknownNode
from .const import DOMAIN
from .coordinator import HerdbookConfigEntry

ISSUE: Final = "approve_alpaca"
ISSUE_NAMESAKE: Final = "approve_alpaca_namesake"


@callback
def async_track_waiting_nodes(hass: HomeAssistant, entry: HerdbookConfigEntry) -> None:
    """Keep one repair issue for each Alpaca that waits, until the entry is unloaded."""
    coordinator = entry.runtime_data
    issues: set[str] = set()

    @callback
    def delete(gone: set[str]) -> None:
        for issue_id in gone:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
        issues.difference_update(gone)

    @callback
    def follow_herd() -> None:
        waiting = {
            f"{ISSUE}_{entry.entry_id}_{node.node_id}": node
            for node in coordinator.data.nodes.values()
            if not node.approved
        }
        delete(issues - set(waiting))
        for issue_id, node in waiting.items():
            ir.async_create_issue(
                hass,
                DOMAIN,
                issue_id,
                data={"entry_id": entry.entry_id, "node_id": node.node_id},
                is_fixable=True,
                severity=ir.IssueSeverity.WARNING,
                translation_key=ISSUE_NAMESAKE if node.namesake else ISSUE,
                translation_placeholders={"name": node.name, "fingerprint": node.fingerprint},
            )
        issues.update(waiting)

    follow_herd()
    entry.async_on_unload(coordinator.async_add_listener(follow_herd))
    entry.async_on_unload(lambda: delete(set(issues)))


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """The dialogue that approves the Alpaca of an issue."""
    if data is None:
        raise ValueError(f"The repair {issue_id} names no Alpaca")
    return ApproveAlpacaFlow(entry_id=str(data["entry_id"]), node_id=str(data["node_id"]))


class ApproveAlpacaFlow(RepairsFlow):
    """Shows the fingerprint, and approves when confirmed."""

    def __init__(self, *, entry_id: str, node_id: str) -> None:
        """Remember which Alpaca of which Llama."""
        self._entry_id = entry_id
        self._node_id = node_id

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Go straight to the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask; when confirmed, approve."""
        errors: dict[str, str] = {}
        if user_input is not None:
            entry: HerdbookConfigEntry | None = self.hass.config_entries.async_get_entry(
                self._entry_id
            )
            if entry is None or not hasattr(entry, "runtime_data"):
                return self.async_abort(reason="llama_gone")
            try:
                await entry.runtime_data.async_approve_node(self._node_id)
            except UnknownNode:
                return self.async_abort(reason="alpaca_gone")
            except CannotConnect:
                errors["base"] = "llama_unreachable"
            except LlamaError:
                errors["base"] = "llama_failed"
            else:
                return self.async_create_entry(data={})
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            data_schema=probatio.Schema({}),
            errors=errors,
            description_placeholders=issue.translation_placeholders if issue else None,
        )
