"""The contract suite notices what is broken: run against servers that break one thing each, and against the image."""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import ROOT

SERVER = ROOT / "tests" / "contract" / "broken_server.py"
ROWS = (
    "test_ping_methods or test_invocations_answers or test_content_length or test_bad_json or test_unknown_content "
    "or test_chunked_requests or test_ready_means or test_stops_when_told "
    "or test_says_that_it_is_stopping or test_concurrent_answers"
)
EXPECTED = {
    "": set(),
    "ready too early": {"test_ready_means_able_to_predict"},
    "200 while stopping": {"test_says_that_it_is_stopping"},
    "dies at once": {"test_stops_when_told", "test_says_that_it_is_stopping"},
    "no HEAD": {"test_ping_methods[HEAD]"},
    "ignores SIGTERM": {"test_stops_when_told", "test_says_that_it_is_stopping"},
    "500 on bad JSON": {f"test_bad_json_is_the_clients_fault[{kind}]" for kind in ("empty", "cut", "text", "bytes")},
    "no Content-Length": {"test_content_length"},
}

pytestmark = pytest.mark.slow


def run_suite(*options: str, **environment: str) -> tuple[str, set[str]]:
    """Run the suite as its users do; gives what it printed, and the rows that failed."""
    command = [sys.executable, "-m", "pytest", "tests/contract", "-p", "no:cacheprovider", *options]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    return ended.stdout, set(re.findall(r"^failed +(\S+):", ended.stdout, re.MULTILINE))


def test_each_breach_fails_its_row_and_no_other() -> None:
    options = ("--command", f"{sys.executable} {SERVER}", "-k", ROWS, "--stop-seconds=5")
    with ThreadPoolExecutor(3) as threads:
        found = threads.map(lambda broken: run_suite(*options, BROKEN=broken), EXPECTED)
    for (broken, rows), (output, failed) in zip(EXPECTED.items(), found, strict=True):
        if broken == "ready too early":  # whatever is asked meanwhile fails too
            assert rows <= failed, output[-3000:]
        else:
            assert failed == rows, f"{broken}: {output[-3000:]}"
        assert "test_invocations_answers: POST /invocations answers 200" in output


def test_the_image_keeps_the_whole_contract() -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "version"], capture_output=True).returncode:
        pytest.skip("no container engine answers (docker version)")
    tag = "exploring-convolutional-layers:test-serving"
    subprocess.run(["docker", "build", "--tag", tag, "."], cwd=ROOT, capture_output=True, check=True)
    output, failed = run_suite("--image", tag)
    assert failed == set(), output[-3000:]
    assert "37 passed" in output, output[-3000:]


def test_a_url_is_enough_for_the_rows_that_need_no_restart(url: str) -> None:
    output, failed = run_suite("--url", url)
    assert failed == set(), output[-3000:]
    assert "skipped  test_stops_when_told" in output
    assert "passed   test_invocations_answers" in output
