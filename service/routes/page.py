"""For everyone with a browser: the page that shows what the networks see."""

from fastapi import APIRouter, Response

from service.routes import views
from service.routes.dependencies import ModelsDependency, ReportsDependency
from service.routes.views import ViewDependency

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(models: ModelsDependency, rendered: ReportsDependency, view: ViewDependency) -> Response:
    """Show the page; it asks the API from the browser."""
    return views.answer(rendered.page(models.default, view), view)
