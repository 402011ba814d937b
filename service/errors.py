"""What can be wrong with a request: each error carries its HTTP status.

``service/http/problems.py`` turns them into responses.
"""

from http import HTTPStatus
from reprlib import Repr


class ServiceError(Exception):
    """A request that cannot be answered; the message is the problem document's ``detail``."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    headers: dict[str, str] | None = None


class MalformedError(ServiceError):
    """The body is not what its content type says: broken JSON, a truncated image."""

    status = HTTPStatus.BAD_REQUEST


class NotFoundError(ServiceError):
    """No model, experiment or report of that name is served."""

    status = HTTPStatus.NOT_FOUND


class AlreadyLoadedError(ServiceError):
    """Multi-model mode: a model of that name is loaded."""

    status = HTTPStatus.CONFLICT


class OutOfMemoryError(ServiceError):
    """Multi-model mode: the memory set aside for models is used up."""

    status = HTTPStatus.INSUFFICIENT_STORAGE


class NotAcceptableError(ServiceError):
    """None of the media types in ``Accept`` can be written."""

    status = HTTPStatus.NOT_ACCEPTABLE


class PreconditionError(ServiceError):
    """The file is not the one that the client says it has."""

    status = HTTPStatus.PRECONDITION_FAILED


class TooLargeError(ServiceError):
    """More bytes, pixels or images than a setting allows."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaTypeError(ServiceError):
    """The body's content type is not one this route reads."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class UnusableError(ServiceError):
    """Well-formed, but not something a model can classify: a wrong shape, pixels out of range."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class ExhaustedError(ServiceError):
    """There is no room for this request now: the disk is full, or descriptors or memory are used up."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": "10"}  # noqa: RUF012 (never changed)


class OverloadedError(ServiceError):
    """The worker has as many requests in flight as it takes."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": "1"}  # noqa: RUF012 (never changed)


class NotReadyError(ServiceError):
    """The models are not loaded, or did not reproduce their golden samples."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": "1"}  # noqa: RUF012 (never changed)


def shortened(value: object, length: int = 80) -> str:
    """Quote what a client sent, without giving all of it back."""
    quoter = Repr()  # cuts while it goes, so that a large structure costs nothing
    quoter.maxstring = quoter.maxother = length
    return quoter.repr(value)
