"""The panel: the Llama's web pages. Must not import the API or the herd's MQTT side.

Text travels in POST bodies only, never in an address; nothing is kept in the browser.
"""
