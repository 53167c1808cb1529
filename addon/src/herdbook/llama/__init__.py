"""The Llama: panel, API, vaults and herd in one process. Must not import alpaca."""
