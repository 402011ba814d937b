"""For everyone with a browser: the page that shows what the networks see."""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from service.routes.dependencies import ModelsDependency, ReportsDependency

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(models: ModelsDependency, rendered: ReportsDependency) -> Response:
    """Show the page; it asks the API from the browser."""
    return HTMLResponse(rendered.page(models.default))
