"""The short way to the routes that are asked most: past FastAPI's router, its exit stacks and its dependencies.

FastAPI takes longer for a request than the model does. A route with a lane is a FastAPI route like any other, with its
documentation; what can be answered without FastAPI is answered by the same function, and all else, such as parameters
to be explained, goes on to FastAPI with nothing of the body read.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import ServiceError
from service.http import problems


@dataclass(frozen=True)
class Lane:
    """The short way to one route.

    Attributes:
        router: where the route is registered.
        path: its path; its method is POST.
        answer: gives the response, or None, before it has read the body, for what FastAPI is to answer.

    """

    router: APIRouter
    path: str
    answer: Callable[[Request], Awaitable[Response | None]]


class Express:
    """ASGI middleware, the innermost: answers what a lane can, and passes on the rest."""

    def __init__(self, app: ASGIApp, *, lanes: Sequence[Lane]) -> None:
        self._app = app
        self._lanes = {
            lane.path: (lane.answer, next(route for route in lane.router.routes if route.path == lane.path))  # type: ignore[attr-defined]
            for lane in lanes
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        lane = self._lanes.get(scope.get("path", ""))
        if lane is None or scope.get("method") != "POST":
            await self._app(scope, receive, send)
            return
        answer, scope["route"] = lane
        request = Request(scope, receive, send)
        try:
            response = await answer(request)
        except (ServiceError, ClientDisconnect, MemoryError) as error:
            response = await problems.answer(request, error)
        if response is None:
            await self._app(scope, receive, send)
        else:
            await response(scope, receive, send)
