"""Static files of pages: held in memory, addressed by their content, cached for good."""

from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from aiohttp import web

_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class Assets:
    """Every file that a page may ask for: those of a package's `static/` and those of all pages.

    All share one `version`, the hash of the whole set, in their address: ES modules import each
    other by relative address, so a change in one must change the address of all.
    """

    def __init__(self, package: str) -> None:
        self._files = dict(_walk("", files("herdbook.web") / "static"))
        self._files |= _walk("", files(package) / "static")
        digest = blake2b(digest_size=8)
        for name in sorted(self._files):
            digest.update(name.encode() + b"\0" + self._files[name] + b"\0")
        self.version = digest.hexdigest()

    def __contains__(self, name: str) -> bool:
        return name in self._files

    async def serve(self, request: web.Request) -> web.Response:
        """Answer ``/static/{version}/{name}``; 404 for another version or an unknown name."""
        name = request.match_info["name"]
        body = self._files.get(name)
        if body is None or request.match_info["version"] != self.version:
            raise web.HTTPNotFound
        response = web.Response(
            body=body,
            content_type=_TYPES[name[name.rindex(".") :]],
            charset="utf-8",
            headers={
                "Cache-Control": "public, max-age=31536000, immutable",
                "Vary": "Accept-Encoding",
            },
        )
        # Only these: what is secret beside what others can choose would tell by its length.
        response.enable_compression()
        return response


def _walk(prefix: str, folder: Traversable) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(f"{prefix}{entry.name}/", entry)
        elif entry.name.endswith(tuple(_TYPES)):
            found.append((prefix + entry.name, entry.read_bytes()))
    return found
