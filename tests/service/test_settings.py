"""Settings: their defaults, their description, and how a wrong one is named."""

import resource
from pathlib import Path

import pytest

from service.settings import Settings, allowed_cpus, describe, variable
from tests.conftest import ROOT, Refusal
from tests.servers import refused


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"SERVICE_PORT": "web"}, ["SERVICE_PORT=web", "integer"]),
        ({"SERVICE_PORT": "70000"}, ["SERVICE_PORT=70000", "65535"]),
        ({"SERVICE_WORKERS": "0"}, ["SERVICE_WORKERS=0", "greater than or equal to 1"]),
        ({"SERVICE_BODY_SECONDS": "inf"}, ["SERVICE_BODY_SECONDS=inf", "finite"]),
        ({"SERVICE_HOST": ""}, ["SERVICE_HOST=", "at least 1 character"]),
        *(
            ({"SERVICE_ROOT_PATH": path}, [f"SERVICE_ROOT_PATH={path}: it must be a path such as /svc"])
            for path in ("svc", "/svc/", "/", "//svc", "/s vc", "/svc?x", "/svc/../x", "https://shop.example/svc")
        ),
        ({"SERVICE_WORKER": "2"}, ["no setting SERVICE_WORKER", "SERVICE_WORKERS"]),
        ({"SERVICE_ENGINE": "onnx"}, ["SERVICE_ENGINE=onnx", "'litert' or 'tensorflow'"]),
        ({"SERVICE_MAX_BODY_MB": "-1", "SERVICE_MAX_BATCH": "0"}, ["SERVICE_MAX_BODY_MB=-1", "SERVICE_MAX_BATCH=0"]),
    ],
)
def test_bad_settings_are_named_in_one_line(refusal: Refusal, environment: dict[str, str], words: list[str]) -> None:
    status, said = refusal(**environment)
    assert status == 2
    assert said.count("\n") == 1
    for word in words:
        assert word in said


def test_the_process_ends_with_the_status_and_the_line() -> None:
    status, said = refused(SERVICE_PORT="web")
    assert (status, said.count("\n")) == (2, 1)
    assert "SERVICE_PORT=web" in said


def test_every_setting_is_in_help_with_its_default() -> None:
    lines = {line.split()[0]: line for line in describe().splitlines()}
    for name, field in Settings.model_fields.items():
        if field.description is None:  # set by the service for its own workers
            continue
        line = lines[variable(name, field)]
        assert field.description in line
        if field.default_factory is None:
            assert line.endswith(f" [{field.default}]")


def test_workers_default_to_the_containers_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.settings._CGROUP", tmp_path)
    affinity = allowed_cpus()
    for content, expected in (("max 100000", affinity), ("100000 100000", 1), ("50000 100000", 1), ("junk", affinity)):
        (tmp_path / "cpu.max").write_text(content)
        assert allowed_cpus() == expected


_HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name in %r:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
"""


@pytest.mark.parametrize("workers", ["1", "3"])
@pytest.mark.parametrize(
    ("setting", "value", "hidden", "extra"),
    [
        ("SERVICE_ENGINE", "tensorflow", ["tensorflow"], "tensorflow"),
        # opentelemetry itself comes with FastAPI.
        ("SERVICE_OTLP_ENDPOINT", "http://127.0.0.1:4318", ["opentelemetry.sdk"], "opentelemetry"),
        ("SERVICE_OTLP_ENDPOINT", "http://127.0.0.1:4318", ["opentelemetry.instrumentation"], "opentelemetry"),
    ],
)
def test_a_missing_package_ends_the_start_with_one_sentence(
    tmp_path: Path, workers: str, setting: str, value: str, hidden: list[str], extra: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_HIDE % hidden)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    status, said = refused(PYTHONPATH=str(tmp_path), SERVICE_WORKERS=workers, **{setting: value})
    assert (status, said.count("\n")) == (2, 1), said
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5  # seconds; others may be busy
    assert f"{setting} needs" in said or f"{setting}={value} needs" in said
    assert f"uv sync --extra {extra}" in said


def test_in_an_image_the_sentence_says_how_to_build_another(
    refusal: Refusal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.settings._PROJECT", tmp_path / "pyproject.toml")
    monkeypatch.setattr("service.settings._is_installed", lambda _: False)
    status, said = refusal(SERVICE_ENGINE="tensorflow")
    assert status == 2
    assert "docker build --build-arg EXTRAS=tensorflow ." in said
    assert "uv sync" not in said
    assert "ARG EXTRAS" in (ROOT / "Dockerfile").read_text()
