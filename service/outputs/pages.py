"""HTML pages: the templates of ``service/web/templates``, filled in for one reader at one address."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from service.outputs.files import WEB
from service.outputs.languages import ENGLISH, NAMES, Language

if TYPE_CHECKING:
    from jinja2 import Environment


class View(Protocol):
    """Which page is shown in which language, and where from there the others are."""

    @property
    def path(self) -> str:
        """The page: ``""`` (the first one), ``"experiments"``, ``"experiments/cnn_a"`` or ``"docs"``."""

    @property
    def language(self) -> str:
        """One of ``LANGUAGES``."""

    @property
    def service(self) -> str | None:
        """Where the API is, for a page that the service does not serve: a URL, or ``""`` where there is none."""

    def page(self, path: str) -> str:
        """Give the address of another page in the same language; it may end with ``#fragment``."""

    def in_language(self, language: str) -> str:
        """Give the address of the same page in another language."""

    def file(self, path: str) -> str:
        """Give the address of a file, such as ``static/style.css`` or ``figures/accuracy.svg``."""


@dataclass(frozen=True)
class ServedView:
    """A page that the service answers with. Its addresses are relative, since a proxy may put a prefix before them.

    Attributes:
        path: as of ``View``.
        language: as of ``View``.
        chosen: whether the address asked for the language. Links then keep it, as no cookie remembers it.

    """

    path: str
    language: str = ENGLISH
    chosen: bool = False

    @property
    def service(self) -> None:
        """It is the one that serves the page."""

    def page(self, path: str) -> str:
        """Give the address of another page in the same language; it may end with ``#fragment``."""
        path, hash_mark, fragment = path.partition("#")
        query = f"?lang={self.language}" if self.chosen else ""
        return (self.file(path) or "./") + query + hash_mark + fragment

    def in_language(self, language: str) -> str:
        """Give the address of the same page in another language: a query alone, which no odd path can lead astray."""
        return f"?lang={language}"

    def file(self, path: str) -> str:
        """Give the address of a file."""
        return "../" * self.path.count("/") + path


class Pages:
    """Renders templates.

    Args:
        translations: by language, what the bundle brings along of its report's sentences.
        has_report: whether there are the first page and the report, to which the navigation leads.

    """

    def __init__(self, translations: Mapping[str, Mapping[str, str]] | None = None, *, has_report: bool = True) -> None:
        self._translations = translations or {}
        self._has_report = has_report
        self._environment = cache(self._new_environment)

    def render(self, template: str, view: View, content: Mapping[str, Any]) -> bytes:
        """Fill in a template.

        Args:
            template: a file of ``service/web/templates``.
            view: which page it becomes, and for whom.
            content: what the template shows.

        """
        common = {"view": view, "languages": NAMES, "has_report": self._has_report}
        return self._environment(view.language).get_template(template).render(common | dict(content)).encode()

    def _new_environment(self, code: str) -> "Environment":
        # Imported late: the template engine is a tenth of the service's start, which only people with browsers need.
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup

        environment = Environment(
            loader=FileSystemLoader(WEB / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        language = Language(code, self._translations.get(code, {}))

        def t(english: str, **values: object) -> Markup:
            """Translate a template's own sentence, which may hold tags, and put escaped values into its {braces}."""
            return Markup(language.translate(english)).format(**values)  # noqa: S704 (the templates' own)

        environment.globals["t"] = t
        environment.filters.update(language.filters())
        return environment
