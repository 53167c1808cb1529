"""The doors of a running node: its control socket, and the page that it shows to its household.

Nothing here loads aiohttp or Jinja2 before somebody knocks: `door` listens with a bare socket.
"""
