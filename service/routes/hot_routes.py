"""Calls the endpoints that are asked most without FastAPI's router; through it, a request takes 60 % longer.

Measured with ``python -m benchmarks.speed.parts hot_routes``, eight requests at a time, without sockets.

FastAPI documents these routes as any other. Their endpoints take the request and nothing else, so that there is one
way to answer: this one.
"""

from collections.abc import Iterable
from inspect import signature

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import ServiceError
from service.http import problems


class HotRoutes:
    """ASGI middleware, outside ``Compression`` alone: answers POST requests to its routes, and passes on the rest."""

    def __init__(self, app: ASGIApp, *, routes: Iterable[BaseRoute]) -> None:
        """Take those of the routes whose endpoint is a coroutine function of the request and of nothing else."""
        self._app = app
        taken = [
            route
            for route in routes
            if isinstance(route, APIRoute) and list(signature(route.endpoint).parameters) == ["request"]
        ]
        self._routes = {route.path: route for route in taken if "{" not in route.path}
        self._patterns = [route for route in taken if "{" in route.path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        route = self._find(scope) if scope.get("method") == "POST" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route  # as the router would, for the metrics
        request = Request(scope, receive, send)
        try:
            response = await route.endpoint(request)
        except (ServiceError, ClientDisconnect, MemoryError) as error:
            response = await problems.answer(request, error)
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> APIRoute | None:
        if route := self._routes.get(scope["path"]):
            return route
        for route in self._patterns:
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope.update(found)  # with the values in its path
                return route
        return None
