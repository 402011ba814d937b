"""What routes ask for, and the documentation they share."""

from typing import Annotated, Any

from fastapi import Depends, Request

from service.errors import UnusableError, shortened
from service.http.media_types import PROBLEM
from service.models.classifier import Models
from service.outputs.reports import Reports
from service.outputs.schemas import Problem
from service.server.draining import Drain
from service.settings import Settings


# Asynchronous, since FastAPI calls what is not in a thread, which takes longer than the model.
async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _models(request: Request) -> Models:
    models: Models = request.app.state.models
    return models


async def _reports(request: Request) -> Reports:
    reports: Reports = request.app.state.reports
    return reports


async def _drain(request: Request) -> Drain:
    drain: Drain = request.app.state.drain
    return drain


SettingsDependency = Annotated[Settings, Depends(_settings)]
ModelsDependency = Annotated[Models, Depends(_models)]
DrainDependency = Annotated[Drain, Depends(_drain)]
ReportsDependency = Annotated[Reports, Depends(_reports)]


async def known_parameters(request: Request) -> None:
    """Refuse query parameters a route does not have, or has twice: to take one of them would be a silent guess.

    Raises:
        UnusableError: there is one.

    """
    known = [parameter.alias for parameter in request.scope["route"].dependant.query_params]
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if given.count(name) > 1:
            raise UnusableError(f"the parameter {shortened(name)} is there {given.count(name)} times; give it once")
        if name not in known:
            raise UnusableError(f"there is no parameter {shortened(name)}; there are: {', '.join(known)}")


def problems(**by_status: str) -> dict[int | str, dict[str, Any]]:
    """Document a route's problem responses: ``problems(s404="no such model")``."""
    schema = {PROBLEM: {"schema": Problem.model_json_schema()}}
    return {int(key[1:]): {"description": text, "content": schema} for key, text in by_status.items()}
