"""Traces for OpenTelemetry, where ``SERVICE_OTLP_ENDPOINT`` asks for them: a span a request, joined to the caller's.

An extra (``uv sync --extra opentelemetry``), imported only then. A collector that does not answer costs spans, which
are sent in the background, and no request.
"""

from typing import TYPE_CHECKING

from fastapi import FastAPI

from service import __version__
from service.exempt_paths import ALWAYS_ADMITTED

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


def install(app: FastAPI) -> None:
    """Trace every request but health checks and scrapes; what is added to the application later is traced as well."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    resource = Resource.create({"service.name": "exploring-convolutional-layers", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    app.state.tracer_provider = provider
    app.add_middleware(
        OpenTelemetryMiddleware,
        tracer_provider=provider,
        excluded_urls=",".join(f"{path}$" for path in ALWAYS_ADMITTED),
        exclude_spans=["receive", "send"],
    )


def start(provider: "TracerProvider", endpoint: str) -> None:
    """Send the spans to a collector from now on; in a worker, since a thread does so, which no fork takes along.

    Args:
        provider: the application's.
        endpoint: the collector's base URL, as http://collector:4318, without /v1/traces.

    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
