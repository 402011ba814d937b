"""Every route with what its schema allows and what it does not: Schemathesis, over a started server."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import slow

# Not asked: that whatever the schema allows is answered with 2xx, for no schema can say that a file is a picture in
# which something stands out from its background.
_NOT_ASKED = "positive_data_acceptance"
# About Schemathesis itself, not the service: its generator now and then finds whole pictures in forms too long.
_GENERATOR = "--suppress-health-check=data_too_large"


@pytest.mark.parametrize("examples", [8, *slow(50)])
def test_every_route_answers_as_its_schema_says(url: str, examples: int) -> None:
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{url}/openapi.json", _GENERATOR]
    options = [
        f"--max-examples={examples}",
        "--phases=examples,coverage,fuzzing",
        "--seed=1",
        "--exclude-checks",
        _NOT_ASKED,
    ]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout[-6_000:]
    tested = re.search(r"Tested: (\d+)", ended.stdout)
    assert tested is not None, ended.stdout[-6_000:]
    documented = httpx.get(f"{url}/openapi.json", timeout=60).json()["paths"]
    assert int(tested[1]) == sum(len(operations) for operations in documented.values()) > 10
