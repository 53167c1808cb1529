"""The whole product as processes on this machine: broker, Llama, Alpaca and Home Assistant.

Owns how they are started, connected, watched and ended. Imports nothing of the package or of the
integration: it uses them as a household does, through their commands, files, pages and APIs.
"""
