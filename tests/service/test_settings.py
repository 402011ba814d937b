"""Settings: their defaults, their description, and how a wrong one is named."""

from pathlib import Path

import pytest

from service.settings import Settings, allowed_cpus, describe, variable
from tests.conftest import Refusal
from tests.servers import refused


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"SERVICE_PORT": "web"}, ["SERVICE_PORT=web", "integer"]),
        ({"SERVICE_PORT": "70000"}, ["SERVICE_PORT=70000", "65535"]),
        ({"SERVICE_WORKERS": "0"}, ["SERVICE_WORKERS=0", "greater than or equal to 1"]),
        ({"SERVICE_BODY_SECONDS": "inf"}, ["SERVICE_BODY_SECONDS=inf", "finite"]),
        ({"SERVICE_HOST": ""}, ["SERVICE_HOST=", "at least 1 character"]),
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
