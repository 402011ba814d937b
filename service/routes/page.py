"""For everyone with a browser: the page that shows what the networks see."""

from fastapi import APIRouter, Request, Response

from service.models.network_files import NetworkFiles
from service.routes import page_answers
from service.routes.dependencies import ModelsDependency, ReportsDependency
from service.routes.page_answers import ViewDependency

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(models: ModelsDependency, rendered: ReportsDependency, view: ViewDependency) -> Response:
    """Show the page; it asks the API from the browser."""
    return page_answers.answer(rendered.page(models.default, view), view)


@router.get("/lesson")
async def lesson(request: Request, view: ViewDependency) -> Response:
    """Show the plan of a lesson, for a teacher."""
    return page_answers.show(request, "lesson.html", view)


@router.get("/networks/{file_name}")
async def network(request: Request, file_name: str) -> Response:
    """Give a network's weights, with which the page runs it in the browser."""
    files: NetworkFiles = request.app.state.network_files
    return Response(
        files.content(file_name),
        media_type="application/octet-stream",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )
