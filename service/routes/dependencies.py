"""What routes ask for, and the documentation they share."""

from typing import Annotated, Any

from fastapi import Depends, Request

from service.http.media_types import PROBLEM
from service.models.classifier import Models
from service.outputs.reports import Reports
from service.server.draining import Drain
from service.settings import Settings


def settings_of(request: Request) -> Settings:
    """Look up the application's settings."""
    settings: Settings = request.app.state.settings
    return settings


def models_of(request: Request) -> Models:
    """Look up the served models."""
    models: Models = request.app.state.models
    return models


# Asynchronous, since FastAPI calls what is not in a thread, which takes longer than the model.
async def _settings(request: Request) -> Settings:
    return settings_of(request)


async def _models(request: Request) -> Models:
    return models_of(request)


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


def problems(**by_status: str) -> dict[int | str, dict[str, Any]]:
    """Document a route's problem responses: ``problems(s404="no such model")``."""
    schema = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}  # put there by ``openapi``
    return {int(key[1:]): {"description": text, "content": schema} for key, text in by_status.items()}
