"""Pages from templates: addresses, words, and the answer that carries them."""

from collections.abc import Mapping

from aiohttp import web
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from herdbook.web.assets import Assets
from herdbook.web.languages import Languages
from herdbook.web.strings import Strings
from herdbook.web.telling import Telling


class Rendering(Telling):
    """Renders templates. `router` names the routes that `url` builds addresses of.

    They lie below `base_path`, and are in the words of `language`.
    """

    __slots__ = ()

    router: web.UrlDispatcher
    languages: Languages
    assets: Assets
    base_path: str
    language: str
    environment: Environment

    @property
    def strings(self) -> Strings:
        """The words of the pages' language."""
        return self.languages[self.language]

    def own(self) -> dict[str, object]:
        """What templates ask of these pages, which others answer differently."""
        return {**self.words(), "url": self.url, "static": self.static}

    @property
    def root(self) -> str:
        """The path under which everything lies, with a slash at both ends."""
        return f"{self.base_path}/"

    def url(self, route: str, **parts: str) -> str:
        """The address of a named route, below the base path."""
        return f"{self.base_path}{self.router[route].url_for(**parts)}"

    def static(self, name: str) -> str:
        """The address of a static file. An unknown one is a KeyError."""
        if name not in self.assets:
            raise KeyError(name)
        return self.url("static", version=self.assets.version, name=name)

    def page(
        self,
        template: str,
        values: Mapping[str, object],
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> web.Response:
        """Answer with a rendered template, a whole page or a part of one."""
        body = self.environment.get_template(template).render({**self.own(), **values})
        return web.Response(text=body, status=status, headers=headers, content_type="text/html")

    def go(self, request: web.Request, route: str, *, tail: str = "", **parts: str) -> web.Response:
        """Send the browser on to a route: by 303, or by htmx's own header when htmx asked.

        `tail` is what follows the path: a query, or a fragment.
        """
        address = f"{self.url(route, **parts)}{tail}"
        if is_htmx(request):
            return web.Response(status=204, headers={"HX-Redirect": address})
        return web.Response(status=303, headers={"Location": address})


def environment(package: str) -> Environment:
    """What renders the `templates/` of a package. Everything is escaped; a missing name fails."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("herdbook.web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def is_htmx(request: web.Request) -> bool:
    """Whether htmx asks, and so wants a part of a page."""
    return request.headers.get("HX-Request") == "true"
