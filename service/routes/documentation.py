"""For everyone: the API's documentation, from files of our own, so that it works without internet."""

from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_swagger_ui_html

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> Response:
    """Show the API in Swagger UI."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Exploring convolutional layers: API",
        swagger_js_url="/static/swagger-ui/swagger-ui-bundle.js",
        swagger_css_url="/static/swagger-ui/swagger-ui.css",
        swagger_favicon_url="/static/favicon.svg",
    )
