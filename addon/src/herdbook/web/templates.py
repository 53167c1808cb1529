"""Templates of pages: those of a package, and those that all pages share."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def environment(package: str) -> Environment:
    """What renders the `templates/` of a package. Everything is escaped; a missing name fails."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("herdbook.web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
