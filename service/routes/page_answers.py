"""Pages as answers, in their reader's language; where a browser asked, a refusal is a page, too."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Depends, Request, Response
from pydantic import Field

from service.errors import UnusableError
from service.http import negotiation
from service.http.media_types import HTML
from service.http.messages import header
from service.outputs.languages import ENGLISH, LANGUAGES
from service.outputs.pages import Pages, ServedView
from service.routes import parameters
from service.routes.parameters import Parameters

VARY = {"Vary": "Accept, Accept-Language"}
"""What an answer is chosen by where there is a page among the choices."""


class PageParameters(Parameters):
    """What a page can be asked for."""

    lang: Literal["en", "es"] | None = Field(
        None, description="the language of a page (`text/html`); when not given, the one that `Accept-Language` prefers"
    )


async def _view(request: Request) -> ServedView:
    return view_of(request)


ViewDependency = Annotated[ServedView, Depends(_view)]


def view_of(request: Request) -> ServedView:
    """Read the language from ``lang``, or else from ``Accept-Language``; other parameters are passed over.

    Raises:
        UnusableError: ``lang`` is no language that the pages are in.

    """
    chosen = parameters.read(request, PageParameters, ignore_others=True).lang
    language = chosen or negotiation.choose_language(header(request.scope, b"accept-language"), LANGUAGES)
    return _view_in(request, language, chosen=chosen is not None)


def _view_in(request: Request, language: str, *, chosen: bool = False) -> ServedView:
    return ServedView(request.scope["path"].removeprefix("/"), language, chosen)


def answer(content: bytes, view: ServedView, *, status: int = 200) -> Response:
    """Answer with a page, in the language of a view."""
    return Response(content, status, {**VARY, "Content-Language": view.language}, media_type=HTML)


def show(
    request: Request, template: str, view: ServedView, content: Mapping[str, Any] | None = None, *, status: int = 200
) -> Response:
    """Answer with a template of ``service/web/templates``, filled in."""
    pages: Pages = request.app.state.pages
    return answer(pages.render(template, view, content or {}), view, status=status)


def problem_page(request: Request, status: int, detail: str) -> Response:
    """Show a refusal as a page, with links onwards."""
    try:
        view = view_of(request)
    except UnusableError:  # it is the language that was refused
        view = _view_in(request, ENGLISH)
    return show(request, "problem.html", view, {"status": status, "detail": detail}, status=status)
