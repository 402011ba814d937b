"""For everyone: the API's documentation, from files of our own, so that it works without internet."""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

# FastAPI's own page starts Swagger UI from a script inside the page, which our Content-Security-Policy forbids.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Exploring convolutional layers: API</title>
<link rel="icon" href="static/favicon.svg">
<link rel="stylesheet" href="static/swagger-ui/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="static/swagger-ui/swagger-ui-bundle.js"></script>
<script src="static/docs.js"></script>
</body>
</html>
"""


@router.get("/docs")
async def docs() -> Response:
    """Show the API in Swagger UI."""
    return HTMLResponse(_PAGE)
