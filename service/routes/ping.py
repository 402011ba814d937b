"""For SageMaker and load balancers: whether requests may come."""

from fastapi import APIRouter, Request, Response

from service.models.classifier import Models
from service.routes.dependencies import DrainDependency, problems

router = APIRouter(tags=["sagemaker"])

_RESPONSES = problems(s503="no requests should come now, and why")


@router.head(
    "/ping",
    operation_id="ping_by_head",
    summary="Ask by HEAD whether the service is ready",
    response_class=Response,
    responses=_RESPONSES,
)
@router.post(
    "/ping",
    operation_id="ping_by_post",
    summary="Ask by POST whether the service is ready",
    response_class=Response,
    responses=_RESPONSES,
)
@router.get(
    "/ping",
    operation_id="ping",
    summary="Ask whether the service is ready",
    response_class=Response,
    responses=_RESPONSES,
)
async def ping(request: Request, drain: DrainDependency) -> Response:
    """Answer 200 once every model has reproduced its golden samples, until the service is told to stop.

    In multi-model mode there is no model to wait for.
    """
    models: Models | None = getattr(request.app.state, "models", None)
    if models is not None:
        models.require_ready()
    drain.require_open()
    return Response()
