"""Calls the endpoints that are asked most without FastAPI's router; through it, a request takes 60 % longer.

Measured with ``python -m benchmarks.speed.parts direct``, eight requests at a time, without sockets.

FastAPI documents these routes as any other. Their endpoints take the request and nothing else, so that there is one
way to answer: this one.
"""

from collections.abc import Iterable
from inspect import signature

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import ServiceError
from service.http import problems


class DirectRoutes:
    """ASGI middleware, the innermost: answers POST requests to the routes it is given, and passes on the rest."""

    def __init__(self, app: ASGIApp, *, routes: Iterable[BaseRoute]) -> None:
        """Take those of the routes whose endpoint is a coroutine function of the request and of nothing else."""
        self._app = app
        taken = [
            route
            for route in routes
            if isinstance(route, APIRoute) and list(signature(route.endpoint).parameters) == ["request"]
        ]
        self._routes = {route.path: route for route in taken}
        self._patterns = [route for route in taken if route.param_convertors]

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
        path = scope["path"]
        if route := self._routes.get(path):
            return route
        for route in self._patterns:
            if found := route.path_regex.match(path):
                scope["path_params"] = found.groupdict()
                return route
        return None
