"""One node's append-only, signed log, and how it travels. docs/protocol.md specifies every byte.

Imports the leaves, PyNaCl, msgspec, zstandard and the standard library's SQLite. Must not import
house, llama, alpaca or anything that opens a socket.
"""
