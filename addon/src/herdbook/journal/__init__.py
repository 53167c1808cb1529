"""What a person's vault holds: SQL on an open vault. Must not import aiohttp, llama or alpaca."""
