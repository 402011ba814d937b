"""For students and teachers: the results table, and what it says about convolution."""

from fastapi import APIRouter, Depends, Request, Response

from service.errors import NotFoundError, shortened
from service.http import files, negotiation
from service.http.media_types import HTML
from service.http.messages import header
from service.models.report import ExperimentDetail, ExperimentsReport
from service.outputs import reports
from service.outputs.pages import ServedView
from service.outputs.reports import Reports
from service.routes import page_answers, parameters
from service.routes.dependencies import ReportsDependency, problems
from service.routes.page_answers import PageParameters, ViewDependency


async def _no_others(request: Request) -> None:
    parameters.read(request, PageParameters)


router = APIRouter(tags=["experiments"], dependencies=[Depends(_no_others)])
figures = APIRouter(include_in_schema=False)

_OTHER_TYPES = {media_type: {"schema": {"type": "string"}} for media_type in reports.MEDIA_TYPES[1:]}
_PROBLEMS = problems(
    s404="no such experiment",
    s406="none of the media types asked for",
    s422="a query parameter is unknown, or `lang` is no language that the pages are in",
)
_PARAMETERS = {"parameters": parameters.document(PageParameters)}


@router.get(
    "/experiments",
    operation_id="list_experiments",
    summary="Compare the experiments",
    responses={200: {"model": ExperimentsReport, "content": _OTHER_TYPES}, **_PROBLEMS},
    openapi_extra=_PARAMETERS,
)
async def experiments(request: Request, rendered: ReportsDependency, view: ViewDependency) -> Response:
    """Compare the experiments: accuracies with intervals over seeds, paired differences, the conclusion.

    `/experiments.json`, `.html`, `.md` and `.csv` give one media type whatever `Accept` says.
    """
    return _overview(rendered, view, _accepted(request))


@router.get("/experiments.{extension}", include_in_schema=False)
async def experiments_file(extension: str, rendered: ReportsDependency, view: ViewDependency) -> Response:
    """Compare the experiments, in the media type that the address names."""
    return _overview(rendered, view, _named(extension))


@router.get("/experiments/{name}.{extension}", include_in_schema=False)
async def experiment_file(name: str, extension: str, rendered: ReportsDependency, view: ViewDependency) -> Response:
    """Show one experiment, in the media type that the address names."""
    return _detail(name, rendered, view, _named(extension))


@router.get(
    "/experiments/{name}",
    operation_id="get_experiment",
    summary="Show one experiment",
    responses={200: {"model": ExperimentDetail, "content": _OTHER_TYPES}, **_PROBLEMS},
    openapi_extra=_PARAMETERS,
)
async def experiment(request: Request, name: str, rendered: ReportsDependency, view: ViewDependency) -> Response:
    """Show one experiment: its runs, seed by seed, and its confusion matrix on the test set.

    The name followed by `.json`, `.html`, `.md` or `.csv` gives one media type whatever `Accept` says.
    """
    return _detail(name, rendered, view, _accepted(request))


@figures.get("/figures/{name:path}")
async def figure(request: Request, name: str, rendered: ReportsDependency) -> Response:
    """Give a picture of the report; 304 to a client that has it."""
    return files.answer(request, rendered.figure(name))


def _accepted(request: Request) -> str:
    return negotiation.choose(header(request.scope, b"accept"), reports.MEDIA_TYPES)


def _named(extension: str) -> str:
    """Look up the media type of an address's ending.

    Raises:
        NotFoundError: the report is not had as that.

    """
    if extension not in reports.EXTENSIONS:
        endings = ", ".join(f".{known}" for known in reports.EXTENSIONS)
        raise NotFoundError(f"the report does not come as .{shortened(extension)[1:-1]}; it comes as {endings}")
    return reports.EXTENSIONS[extension]


def _overview(rendered: Reports, view: ServedView, media_type: str) -> Response:
    if media_type == HTML:
        return page_answers.answer(rendered.overview_page(view), view)
    return Response(rendered.overview(media_type), media_type=media_type, headers=page_answers.VARY)


def _detail(name: str, rendered: Reports, view: ServedView, media_type: str) -> Response:
    if media_type == HTML:
        return page_answers.answer(rendered.detail_page(name, view), view)
    return Response(rendered.detail(name, media_type), media_type=media_type, headers=page_answers.VARY)
