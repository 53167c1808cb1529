"""Home Assistant writes into a locked vault."""

from demo.walk.visit import Visit


async def writes_while_locked(visit: Visit) -> str:
    """Perform `herdbook.write_entry` while the vault is locked, then unlock and read it."""
    text = "The heating engineer came, and the boiler hums in another key."
    await visit.panel.lock()
    await visit.product.hass.act("herdbook.write_entry", {"text": text})
    visit.written.append(text)
    await visit.enter()
    return "herdbook.write_entry wrote into the locked vault; it is on the page after unlocking"
