"""Every route with what its schema allows and what it does not: Schemathesis, over a started server."""

import subprocess
import sys
from pathlib import Path

# Not asked: that whatever the schema allows is answered with 2xx, for no schema can say that a file is a picture in
# which something stands out from its background.
_NOT_ASKED = "positive_data_acceptance"


def test_every_route_answers_as_its_schema_says(url: str) -> None:
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{url}/openapi.json"]
    options = ["--max-examples=15", "--phases=examples,coverage,fuzzing", "--seed=1", "--exclude-checks", _NOT_ASKED]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout[-6_000:]
    assert "Tested: 1" in ended.stdout  # of more than ten operations
