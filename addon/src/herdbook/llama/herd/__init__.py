"""The Llama's side of the herd: what nodes send by MQTT goes into the house book, once.

Must not import the panel, the API, vault or journal.
"""
