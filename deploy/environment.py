"""The service's settings on their way to a container: ``--env``, ``--env-file`` and ``--unset-env``."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from deploy import limits
from deploy.errors import DeploymentError
from service.settings import Settings, variable

MAX_VARIABLES = 100  # SageMaker's EnvironmentMap

_REFUSED = {
    "SERVICE_API_KEY": "SageMaker forwards no header that could carry the key, so that every request would be "
    "answered 401; who may call the endpoint is IAM's to say (sagemaker:InvokeEndpoint)",
}


def read(pairs: Iterable[tuple[str, str]], file: Path | None) -> dict[str, str]:
    """Put a file's variables and the command line's together; the command line's win.

    Args:
        pairs: from ``--env KEY=VALUE``.
        file: ``KEY=VALUE`` lines, as ``docker run --env-file`` reads them; ``#`` starts a comment line.

    Raises:
        DeploymentError: a line has another form, SageMaker takes no such variable, or it can do nothing there.

    """
    variables = (_read_file(file) if file else {}) | dict(pairs)
    for key, value in variables.items():
        if key in _REFUSED:
            raise DeploymentError(f"{key} cannot be set on an endpoint: {_REFUSED[key]}")
        if key.startswith("SERVICE_"):
            _require_setting(key, value)
        limits.check("sagemaker", "EnvironmentKey", key, f"the variable {key!r}")
        limits.check("sagemaker", "EnvironmentValue", value, f"the value of {key}")
    return variables


def changed(old: Mapping[str, str], new: Mapping[str, str], unset: Iterable[str]) -> dict[str, str]:
    """Apply an update's variables to the ones there are: what is not named stays.

    Raises:
        DeploymentError: a variable to unset is not set, or there are too many.

    """
    missing = sorted(set(unset) - old.keys())
    if missing:
        raise DeploymentError(f"--unset-env {missing[0]}: the endpoint has no such variable; it has {_names(old)}")
    variables = {key: value for key, value in old.items() if key not in set(unset)} | dict(new)
    if len(variables) > MAX_VARIABLES:
        raise DeploymentError(f"{len(variables)} variables: SageMaker takes {MAX_VARIABLES} at most")
    return variables


def _require_setting(key: str, value: str) -> None:
    """Refuse what would keep the container from starting: an endpoint fails of it after ten minutes.

    What depends on the image, such as its optional packages, is the container's to say.
    """
    settings = {variable(name, setting): setting for name, setting in Settings.model_fields.items()}
    if key not in settings:
        close = difflib.get_close_matches(key, settings, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise DeploymentError(f"the service has no setting {key}; {meant}docs/settings.md has them all")
    taken: Any = Annotated[settings[key].annotation, settings[key]]
    try:
        TypeAdapter(taken).validate_python(value)
    except ValidationError as error:
        raise DeploymentError(f"{key}={value}: {error.errors()[0]['msg']}; see docs/settings.md") from error


def _read_file(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DeploymentError(f"--env-file {file} cannot be read: {error}") from error
    variables = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise DeploymentError(f"--env-file {file}, line {number}: expected KEY=VALUE, found {line!r}")
        variables[key.strip()] = value
    return variables


def _names(variables: Mapping[str, str]) -> str:
    return ", ".join(sorted(variables)) or "none"
