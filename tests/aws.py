"""A real moto server over HTTP, and an environment that leads boto3 and the SageMaker SDK to it and nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

REGION, ACCOUNT = "eu-west-1", "123456789012"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty AWS."""
    from moto.server import ThreadedMotoServer  # here, for it takes seconds to import

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "SAGEMAKER_VALIDATE_ROLE": "false",
    }.items():
        monkeypatch.setenv(name, value)
    httpx.post(f"{url}/moto-api/reset", timeout=60)  # its state is this process's
    yield url
    server.stop()
