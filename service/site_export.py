"""``python -m service.site_export FOLDER``: the page, the report and the model cards as files for any web space.

Samples, drawing, moving and the lens work there, since the browser runs the networks. A photo needs a service:
``--service URL`` names one, which must allow the web space (``SERVICE_CORS_ORIGINS``).
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copytree, ignore_patterns

from service.models.bundle import Bundle
from service.models.network_files import NetworkFiles
from service.outputs.files import WEB
from service.outputs.languages import ENGLISH, LANGUAGES
from service.outputs.pages import Pages
from service.outputs.reports import EXTENSIONS, Reports
from service.settings import Settings


@dataclass(frozen=True)
class SiteView:
    """A page of the site: in English at the root, in other languages in a folder each.

    Attributes:
        path: as of ``outputs.pages.View``.
        language: as of ``outputs.pages.View``.
        service: as of ``outputs.pages.View``.

    """

    path: str
    language: str
    service: str | None

    @property
    def name(self) -> str:
        """The page's file, relative to the site."""
        return _name(self.path, self.language)

    def page(self, path: str) -> str:
        """Give the address of another page in the same language; it may end with ``#fragment``."""
        path, hash_mark, fragment = path.partition("#")
        return self.file(_name(path, self.language)) + hash_mark + fragment

    def in_language(self, language: str) -> str:
        """Give the address of the same page in another language."""
        return self.file(_name(self.path, language))

    def file(self, path: str) -> str:
        """Give the address of a file."""
        return "../" * self.name.count("/") + path


def _name(path: str, language: str) -> str:
    return ("" if language == ENGLISH else f"{language}/") + (path or "index") + ".html"


def write(folder: Path, bundle: Bundle, *, service: str = "") -> None:
    """Write the site.

    Args:
        folder: made if need be; files of the site that are there already are replaced.
        bundle: what it shows.
        service: the URL that photos are sent to, ending with a slash; "" for none.

    Raises:
        NotFoundError: the bundle carries no report.

    """
    pages = Pages(bundle.translations)
    networks = NetworkFiles(bundle)
    reports = Reports(bundle, pages, networks)
    for language in LANGUAGES:
        for path, render in _pages(bundle, pages, reports):
            view = SiteView(path, language, service)
            _write(folder / view.name, render(view))
    for extension, media_type in EXTENSIONS.items():
        if extension != "html":
            _write(folder / f"experiments.{extension}", reports.overview(media_type))
    for name in networks.names().values():
        _write(folder / "networks" / name, networks.content(name))
    for name in bundle.manifest.files:
        if name.startswith("figures/"):
            _write(folder / name, bundle.path(name).read_bytes())
    copytree(WEB / "static", folder / "static", ignore=ignore_patterns("swagger-ui"), dirs_exist_ok=True)


def _pages(bundle: Bundle, pages: Pages, reports: Reports) -> Iterator[tuple[str, Callable[[SiteView], bytes]]]:
    yield "", partial(reports.page, bundle.manifest.default_model)
    yield "experiments", reports.overview_page
    for name in reports.names():
        yield f"experiments/{name}", partial(reports.detail_page, name)
    for path in ("lesson", "docs"):
        yield path, partial(pages.render, f"{path}.html", content={})
    yield "404", partial(pages.render, "problem.html", content={"status": 404, "detail": ""})


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main() -> None:
    """Write the site of the bundle that the settings name."""
    parser = argparse.ArgumentParser(prog="python -m service.site_export", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("folder", type=Path, help="where to write it")
    parser.add_argument("--service", default="", metavar="URL", help="the service that photos are sent to")
    options = parser.parse_args()
    service = options.service.rstrip("/") + "/" if options.service else ""
    write(options.folder, Bundle(Settings().model_dir), service=service)
    print(
        f"{options.folder}: open it through a web server, such as python3 -m http.server --directory {options.folder}"
    )


if __name__ == "__main__":
    main()
