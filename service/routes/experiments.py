"""For students and teachers: the results table, and what it says about convolution."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.staticfiles import StaticFiles

from service.http import negotiation
from service.models.report import ExperimentDetail, ExperimentsReport
from service.outputs import reports
from service.routes import parameters
from service.routes.dependencies import ReportsDependency, problems

router = APIRouter(tags=["experiments"])

_OTHER_TYPES = {media_type: {"schema": {"type": "string"}} for media_type in reports.MEDIA_TYPES[1:]}
_PROBLEMS = problems(
    s404="no such experiment",
    s406="none of the media types asked for",
    s422="there are query parameters; this route has none",
)
_NO_PARAMETERS = [Depends(parameters.none)]


@router.get(
    "/experiments",
    operation_id="list_experiments",
    summary="Compare the experiments",
    responses={200: {"model": ExperimentsReport, "content": _OTHER_TYPES}, **_PROBLEMS},
    dependencies=_NO_PARAMETERS,
)
async def experiments(request: Request, rendered: ReportsDependency) -> Response:
    """Compare the experiments: accuracies with intervals over seeds, paired differences, the conclusion."""
    media_type = negotiation.choose(request.headers.get("accept"), reports.MEDIA_TYPES)
    return Response(rendered.overview(media_type), media_type=media_type, headers={"Vary": "Accept"})


@router.get("/figures/{name}", include_in_schema=False)
async def figure(request: Request, name: str, rendered: ReportsDependency) -> Response:
    """Give a picture of the report; 304 to a client that has it."""
    path = rendered.figure(name)
    answer = StaticFiles(directory=path.parent).file_response(path, path.stat(), request.scope)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@router.get(
    "/experiments/{name}",
    operation_id="get_experiment",
    summary="Show one experiment",
    responses={200: {"model": ExperimentDetail, "content": _OTHER_TYPES}, **_PROBLEMS},
    dependencies=_NO_PARAMETERS,
)
async def experiment(request: Request, name: str, rendered: ReportsDependency) -> Response:
    """Show one experiment: its runs, seed by seed, and its confusion matrix on the test set."""
    media_type = negotiation.choose(request.headers.get("accept"), reports.MEDIA_TYPES)
    return Response(rendered.detail(name, media_type), media_type=media_type, headers={"Vary": "Accept"})
