"""For browsers: the files of the page and of the API's documentation."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from service.errors import NotFoundError
from service.http import files
from service.outputs.files import WEB

router = APIRouter(include_in_schema=False)


@router.get("/static/{name:path}")
async def static_file(request: Request, name: str) -> Response:
    """Give one of our own files."""
    path = _files().get(name)
    if path is None:
        raise NotFoundError(f"there is nothing at {request.scope['path']}; GET /docs lists what there is")
    return files.answer(request, path)


@cache
def _files() -> dict[str, Path]:
    """List the files there are, by name: no name leads out of their folder."""
    folder = WEB / "static"
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
