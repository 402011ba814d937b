"""Everything that can be set, as environment variables that start with ``SERVICE_``."""

import os
import re
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

_PROJECT = Path(__file__).parent.parent / "pyproject.toml"
# FastAPI brings opentelemetry's API, which alone would not do.
_TRACING = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.instrumentation.asgi",
    "opentelemetry.sdk.trace",
)
_MIN_KEY_LENGTH = 16
_CGROUP = Path("/sys/fs/cgroup")
_MAX_TRANSFORM_PAYLOAD_MB = 100  # SageMaker's limit


def allowed_cpus() -> int:
    """Count the CPUs this process may use: its affinity, capped by its container's quota (cgroup v2, else v1)."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        if (_CGROUP / "cpu.max").is_file():
            quota, period = (_CGROUP / "cpu.max").read_text().split()
        else:
            quota, period = ((_CGROUP / "cpu" / f"cpu.cfs_{n}_us").read_text().strip() for n in ("quota", "period"))
    except (OSError, ValueError):
        return cpus
    if quota in ("max", "-1"):
        return cpus
    return max(1, min(cpus, int(quota) // int(period)))


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it would be in
        return False


def _how_to_add(extra: str) -> str:
    """Say how an extra's packages are added: to a clone, or to an image, which has no list of packages to add from."""
    if _PROJECT.is_file():
        return f"uv sync --extra {extra}"
    return f"build the image with them: docker build --build-arg EXTRAS={extra} ."


class Settings(BaseModel):
    """The service's settings, from the environment; invalid ones keep it from starting."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, protected_namespaces=(), allow_inf_nan=False)

    def __init__(self, **given: Any) -> None:
        """Take what is given by a field's name, and the rest from the environment.

        Raises:
            pydantic.ValidationError: a setting is invalid.

        """
        found = {
            str(field.validation_alias or name): os.environ[variable(name, field)]
            for name, field in type(self).model_fields.items()
            if variable(name, field) in os.environ
        }
        super().__init__(**found | given)

    host: str = Field("127.0.0.1", min_length=1, description="address to listen on; 0.0.0.0 for every interface")
    port: int = Field(8080, ge=1, le=65535, description="TCP port to listen on")
    workers: int = Field(
        default_factory=allowed_cpus,
        ge=1,
        le=256,
        description="worker processes; default: the CPUs the process may use",
    )
    model_dir: Path = Field(Path("models"), description="folder with the released bundle (bundle.json)")
    precision: Literal["float32", "int8"] = Field(
        "float32",
        description="of the models' weights. float32 gives the SavedModels' own answers. int8 is faster, gives another "
        "answer now and then (bundle.json says how often), and needs the engine litert",
    )
    engine: Literal["litert", "tensorflow"] = Field(
        "litert",
        description="what runs the models: litert or tensorflow. tensorflow gives the same answers, from the "
        "SavedModels, and needs uv sync --extra tensorflow",
    )
    max_body_mb: int = Field(25, ge=1, description="largest request body, in MiB; SageMaker's own limit is 25 MB")
    max_pixels: int = Field(50_000_000, ge=784, description="largest picture, in pixels (width × height)")
    max_batch: int = Field(10_000, ge=1, description="most images in one request; a body over 64 MB may hold more")
    max_in_flight: int = Field(
        128,
        ge=1,
        description="most requests a worker has in flight. Further ones get 503 with Retry-After, but /ping and "
        "/metrics are always answered",
    )
    max_connections: int = Field(
        900,
        ge=1,
        description="most connections a worker holds. For one more, it closes the slowest. Keep this below the limit "
        "of descriptors",
    )
    max_slow_clients: int = Field(
        64,
        ge=1,
        description="most clients a worker waits for while they send or read less than 10 KB/s. For one more, it "
        "closes the slowest one's connection",
    )
    max_connections_per_address: int = Field(
        0, ge=0, description="as MAX_CONNECTIONS, for each address; 0: no limit, as behind a load balancer"
    )
    max_slow_clients_per_address: int = Field(
        0, ge=0, description="as MAX_SLOW_CLIENTS, for each address; 0: no limit, as behind a load balancer"
    )
    header_seconds: float = Field(
        10, gt=0, description="how long a request's line and headers may take, from the connection or their first byte"
    )
    body_seconds: float = Field(
        30, gt=0, description="how long a request's body may take; each 10 KB received add a second"
    )
    answer_seconds: float = Field(
        30, gt=0, description="how long a client may leave an answer unread; each 10 KB it reads add a second"
    )
    keep_alive_seconds: int = Field(
        65,
        ge=1,
        description="how long a connection may idle between requests; a load balancer's must be shorter, often 60",
    )
    max_header_kb: int = Field(16, ge=1, description="largest request line and headers, in KiB")
    api_key: SecretStr | None = Field(
        None,
        description="if set, asked of every request but health checks: Authorization: Bearer KEY, or X-Api-Key: KEY; "
        f"at least {_MIN_KEY_LENGTH} characters",
    )
    root_path: str = Field(
        "",
        description="the path that a proxy in front takes off each address, such as /svc; OpenAPI's servers name it",
    )
    cors_origins: str = Field(
        "", description="web pages that may call the service from a browser: origins with commas between, or *"
    )
    otlp_endpoint: str = Field(
        "",
        description="if set, traces are sent there (OTLP over HTTP), as http://collector:4318; needs uv sync --extra "
        "opentelemetry",
    )
    drain_seconds: float = Field(
        1.0,
        ge=0,
        le=20,
        description="after SIGTERM, how long /ping says 503 before the port closes; behind a load balancer, longer "
        "than it takes to notice: its interval times the failures it counts",
    )
    model_memory_mb: int = Field(
        1024, ge=1, description="multi-model mode: memory for loaded models, over all workers, in MiB"
    )
    sagemaker_bind_to_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        validation_alias="SAGEMAKER_BIND_TO_PORT",
        description="set by SageMaker in an inference pipeline: the port to listen on, instead of SERVICE_PORT",
    )
    sagemaker_multi_model: bool = Field(
        False,
        validation_alias="SAGEMAKER_MULTI_MODEL",
        description="set by SageMaker on a multi-model endpoint: models come and go by the routes under /models",
    )
    sagemaker_max_payload_in_mb: int | None = Field(
        None,
        ge=0,
        validation_alias="SAGEMAKER_MAX_PAYLOAD_IN_MB",
        description="set by SageMaker for a batch transform job: raises the body limit to it, in MB; 0 means any size",
    )
    registry_dir: Path | None = None
    """Not for people: ``python -m service`` sets it for its workers."""

    @property
    def listening_port(self) -> int:
        """The port to listen on."""
        return self.sagemaker_bind_to_port or self.port

    @property
    def body_limit_mb(self) -> int:
        """The largest body, in MiB: what is set, or what a batch transform job says it will send (0 means: any)."""
        if self.sagemaker_max_payload_in_mb is None:
            return self.max_body_mb
        return max(self.max_body_mb, self.sagemaker_max_payload_in_mb or _MAX_TRANSFORM_PAYLOAD_MB)

    @property
    def allowed_origins(self) -> list[str]:
        """The origins whose pages may call the service."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]

    @field_validator("api_key", mode="after")
    @classmethod
    def _key_can_be_sent(cls, key: SecretStr | None) -> SecretStr | None:
        secret = key.get_secret_value() if key is not None else None
        if secret is not None and (len(secret) < _MIN_KEY_LENGTH or not secret.isascii() or not secret.isprintable()):
            raise ValueError(f"at least {_MIN_KEY_LENGTH} characters, all of them ASCII; such as: openssl rand -hex 32")
        return key

    @field_validator("root_path", mode="after")
    @classmethod
    def _root_is_a_path(cls, path: str) -> str:
        if not re.fullmatch(r"(/(?!\.+(/|$))[A-Za-z0-9._~-]+)*", path):
            raise ValueError("it must be a path such as /svc, which begins with a slash and ends without")
        return path

    @model_validator(mode="after")
    def _origins_are_origins(self) -> Self:
        for origin in self.allowed_origins:
            if not re.fullmatch(r"\*|https?://[^/\s]+", origin):
                raise ValueError(f"SERVICE_CORS_ORIGINS: {origin!r} is no origin, such as https://shop.example")
        return self

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        known = {f"SERVICE_{name.upper()}" for name in type(self).model_fields}
        for name in sorted(name for name in os.environ if name.startswith("SERVICE_") and name not in known):
            meant = get_close_matches(name, known, 1)
            raise ValueError(f"there is no setting {name}" + (f"; did you mean {meant[0]}?" if meant else ""))
        return self

    @model_validator(mode="after")
    def _tracing_is_installed(self) -> Self:
        if self.otlp_endpoint and not re.fullmatch(r"https?://\S+", self.otlp_endpoint):
            raise ValueError(f"SERVICE_OTLP_ENDPOINT={self.otlp_endpoint} is no URL, such as http://collector:4318")
        if self.otlp_endpoint and not all(map(_is_installed, _TRACING)):
            raise ValueError(f"SERVICE_OTLP_ENDPOINT needs OpenTelemetry: {_how_to_add('opentelemetry')}")
        return self

    @model_validator(mode="after")
    def _engine_has_the_precision(self) -> Self:
        if (self.engine, self.precision) == ("tensorflow", "int8"):
            raise ValueError("SERVICE_PRECISION=int8 needs SERVICE_ENGINE=litert: the SavedModels are float32")
        return self

    @model_validator(mode="after")
    def _engine_is_installed(self) -> Self:
        if self.engine == "tensorflow" and not _is_installed("tensorflow"):
            raise ValueError(f"SERVICE_ENGINE=tensorflow needs TensorFlow: {_how_to_add('tensorflow')}")
        return self


def variable(name: str, field: FieldInfo) -> str:
    """Name a setting's environment variable."""
    return str(field.validation_alias or f"SERVICE_{name.upper()}")


def describe() -> str:
    """List the settings with their defaults, one a line."""
    return "\n".join(
        f"  {variable(name, field):26} {field.description}"
        + (f" [{field.default}]" if field.default_factory is None else "")
        for name, field in Settings.model_fields.items()
        if field.description
    )


def explain(error: ValidationError) -> str:
    """Say in one sentence a setting which ones are wrong and what they may be."""
    sentences = []
    for e in error.errors():
        if e["loc"]:
            name = str(e["loc"][0]).upper()
            prefix = "" if name.startswith(("SERVICE_", "SAGEMAKER_")) else "SERVICE_"
            given = "…" if name == "API_KEY" else e["input"]  # no secret in a log
            sentences.append(f"{prefix}{name}={given}: {_said(e)}")
        else:
            sentences.append(_said(e))
    return "; ".join(sentences)


def _said(error: ErrorDetails) -> str:
    """Give our validator's message, before which Pydantic puts "Value error, "; else Pydantic's own."""
    raised = error.get("ctx", {}).get("error")
    return str(raised) if isinstance(raised, ValueError) else error["msg"]
