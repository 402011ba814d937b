"""For whoever runs the service: its metrics, as Prometheus reads them."""

import asyncio

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from service.models.classifier import Models
from service.monitoring import metrics

router = APIRouter(tags=["operations"])


@router.get(
    "/metrics", response_class=PlainTextResponse, operation_id="get_metrics", summary="Give the metrics, for Prometheus"
)
async def exposition(request: Request) -> Response:
    """Give what all workers have counted, for Prometheus."""
    models: Models | None = getattr(request.app.state, "models", None)
    served, checksum = (models.served, models.manifest.sha256) if models else ([], "")
    # In a thread: it waits while another worker adds the files up, and reads files.
    content = await asyncio.to_thread(metrics.exposition, served, checksum)
    return Response(content, headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})
