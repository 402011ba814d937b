"""For SageMaker: the routes its hosting contract asks of a container that serves one bundle.

Source: Amazon SageMaker AI developer guide, "Custom Inference Code with Hosting Services".
"""

from fastapi import APIRouter, Depends, Request, Response

from service.outputs import schemas
from service.routes import parameters
from service.routes.dependencies import (
    SettingsDependency,
    models_of,
    problems,
    settings_of,
)
from service.routes.invocation import BODY, invoke

router = APIRouter(tags=["sagemaker"])

_MIN_IMAGE_BYTES = 2 * 28 * 28  # a digit and a comma each: as many images as a payload can hold
_MAX_TRANSFORM_IN_FLIGHT_MB = 100  # SageMaker's limit on payload × concurrency of a batch transform job
_PARAMETERS = problems(s422="there are query parameters; this route has none")
PROBLEMS = problems(
    s400="broken JSON, CSV, .npy or picture",
    s404="no such model",
    s406="none of the media types asked for",
    s413="too many bytes, pixels or images",
    s415="a content type that is not read here",
    s422="images of a wrong shape or range",
    s503="the models are not ready",
)


@router.get(
    "/execution-parameters",
    operation_id="get_execution_parameters",
    summary="Tell batch transform how to send",
    dependencies=[Depends(parameters.none)],
    responses=_PARAMETERS,
)
async def execution_parameters(settings: SettingsDependency) -> dict[str, int | str]:
    """Tell batch transform how to send: as many requests at once as there are workers, 100 MB in all at most."""
    return {
        "MaxConcurrentTransforms": settings.workers,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": max(
            1,
            min(
                settings.body_limit_mb,
                settings.max_batch * _MIN_IMAGE_BYTES // 2**20,
                _MAX_TRANSFORM_IN_FLIGHT_MB // settings.workers,
            ),
        ),
    }


@router.post(
    "/invocations",
    operation_id="invoke",
    summary="Give probabilities for a batch or a picture",
    responses={200: {"model": schemas.Probabilities}, **PROBLEMS},
    openapi_extra=BODY,
)
async def invocations(request: Request) -> Response:
    """Give the models' probabilities for a batch of images, or for one picture."""
    return await invoke(request, models_of(request), settings_of(request))
