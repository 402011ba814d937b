"""For everyone: how to call the API, from files of our own, so that it works without internet."""

from fastapi import APIRouter, Request, Response

from service.routes import page_answers
from service.routes.page_answers import ViewDependency

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request, view: ViewDependency) -> Response:
    """Show examples that can be pasted, and the API in Swagger UI once that is asked for."""
    return page_answers.show(request, "docs.html", view)
