"""The API that Home Assistant speaks, as docs/api.md has it. Must not import the panel."""
