"""The contract suite: what it notices, where it stops, and that its verdicts on other servers are those in docs."""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks import records
from benchmarks.others.contract import ADDER, OTHERS, OWN, PICTURE, SERVERS, foreign, interpreter
from tests.conftest import DATA, ROOT
from tests.packages import run_with_packages

BROKEN = f"{sys.executable} {SERVERS / 'broken.py'}"
BARE = f"{sys.executable} {SERVERS / 'bare.py'} {{port}}"
ROWS = (
    "test_ping_methods or test_invocations or test_content_length or test_bad_json or test_unknown_content "
    "or test_chunked_requests or test_ready_means or test_stops "
    "or test_says_that_it_is_stopping or test_concurrent_answers"
)
_DIES = {
    "must  SIGTERM ends the server within 30 s, before SIGKILL would come.",
    "ours  After SIGTERM the exit status is 0.",
    "ours  Between SIGTERM and the end /ping does not answer 200; looked at while a request keeps the server alive.",
}
_BAD_JSON = (
    "ours  A body that cannot be read is answered with 4xx and a reason, which reaches the caller as OriginalMessage."
)
EXPECTED = {
    "": set(),
    "ready too early": {"should  The first 200 of /ping is not before the model can answer."},
    "200 while stopping": {text for text in _DIES if "Between" in text},
    "dies at once": {text for text in _DIES if "within 30 s" not in text},
    "no HEAD": {"ours  /ping answers 200 to HEAD and POST, which some clients and proxies send. [HEAD]"},
    "ignores SIGTERM": _DIES,
    "500 on bad JSON": {f"{_BAD_JSON} [{kind}]" for kind in ("empty", "cut", "text", "bytes")},
    "no Content-Length": {"ours  An answer has a Content-Length that is true."},
}


def run_suite(*options: str, **environment: str) -> tuple[int, str, set[str]]:
    """Run the suite as its users do; gives its exit status, what it printed, and the rows that failed."""
    command = [sys.executable, "-m", "tests.contract", *options]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    failed = re.findall(r"^(must|should|ours) +failed +(.*)$", ended.stdout, re.MULTILINE)
    return ended.returncode, ended.stdout + ended.stderr, {f"{level}  {text}" for level, text in failed}


@pytest.mark.slow
def test_each_breach_fails_its_row_and_no_other() -> None:
    options = ("--command", BROKEN, *PICTURE, "--only", ROWS, "--stop-seconds=8")
    with ThreadPoolExecutor(3) as threads:
        found = threads.map(lambda broken: run_suite(*options, BROKEN=broken), EXPECTED)
    for (broken, rows), (status, output, failed) in zip(EXPECTED.items(), found, strict=True):
        if broken == "ready too early":  # the sample is refused, so that no row is judged
            assert status == 2
            assert "the sample was answered with 500: 'the model is not loaded yet'" in output
            continue
        assert failed == rows, f"{broken}: {output[-3000:]}"
        assert status == (1 if any(row.startswith("must") for row in rows) else 0)


def test_a_server_that_refuses_the_sample_passes_no_row() -> None:
    """A server that answers 415 to everything would pass rows about bad requests."""
    status, output, _ = run_suite(
        "--command", BROKEN, "--body", str(DATA / "coat.png"), "--content-type=application/x-nothing"
    )
    assert status == 2
    assert "error: the sample was answered with 500" in output or "error: the sample was answered with 415" in output
    assert "passed" not in output


def test_the_exit_status_is_that_of_the_musts(tmp_path: Path) -> None:
    written = tmp_path / "verdicts.json"
    rows = "test_ping or test_invocations or test_content_length or test_unknown"
    status, output, failed = run_suite("--command", BARE, *ADDER, "--only", rows, "--json", str(written))
    assert (status, "must: 2 passed" in output) == (0, True), output
    assert "ours  An answer has a Content-Length that is true." in failed
    verdict = next(row for row in json.loads(written.read_text()) if row["name"] == "test_content_length")
    assert (verdict["level"], verdict["reason"]) == ("ours", "it is None, and the body has 23 bytes")


@pytest.mark.parametrize(
    ("row", "status_of_row"),
    [("test_other_headers", 1), pytest.param("test_concurrent", 0, marks=pytest.mark.slow)],  # a must, and one of ours
)
def test_answers_with_a_time_in_them_are_compared_without(row: str, status_of_row: int) -> None:
    options = ("--command", BROKEN, *PICTURE, "--only", row)
    status, output, failed = run_suite(*options, BROKEN="a time in each answer")
    assert (status, len(failed)) == (status_of_row, 1), output
    assert "--ignore-fields leaves fields out" in output
    status, output, failed = run_suite(*options, "--ignore-fields=now", BROKEN="a time in each answer")
    assert (status, failed) == (0, set()), output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--command", "no-such-program {port}", *ADDER), "cannot start 'no-such-program': No such file or directory"),
        (("--command", f"{sys.executable} -c 1/0", *ADDER), "ended before GET /ping answered 200. Its last lines:"),
        (("--url", "http://127.0.0.1:9", *ADDER), "invocations was not answered: [Errno 111] Connection refused"),
        (
            ("--command", BARE, "--body", "none.json", "--content-type", "x"),
            "--body is none.json; there is no such file",
        ),
        (("--command", BARE, *ADDER, "--mme-model", "none"), "--mme-model is none; there is no such folder"),
        (("--command", BARE, *ADDER, "--only", "nothing"), "--only nothing matches no row"),
        (("--command", BARE, *ADDER, "--only", "and"), "--only and is no expression as pytest -k takes it"),
    ],
)
def test_what_cannot_be_judged_is_said_in_a_sentence(options: tuple[str, ...], words: str) -> None:
    status, output, _ = run_suite(*options)
    assert status == 2
    assert words in output
    assert "Traceback" not in output.replace("Its last lines: Traceback", "")


def test_an_image_without_docker_is_refused_in_a_sentence(tmp_path: Path) -> None:
    status, output, _ = run_suite("--image", "x", *ADDER, PATH=str(tmp_path))
    assert (status, output) == (2, "error: --image needs the docker client, and there is none on the PATH\n")


@pytest.mark.slow
def test_a_url_is_enough_for_the_rows_that_need_no_restart(url: str) -> None:
    status, output, failed = run_suite("--url", url, *PICTURE)
    assert (status, failed) == (0, set()), output[-3000:]
    assert "must    skipped  SIGTERM ends the server within 30 s" in output
    assert "must    passed   POST /invocations answers 200 with a body" in output


@pytest.mark.slow
def test_the_image_keeps_the_whole_contract() -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "version"], capture_output=True).returncode:
        pytest.skip("no container engine answers (docker version)")
    tag = "exploring-convolutional-layers:test-serving"
    subprocess.run(["docker", "build", "--tag", tag, "."], cwd=ROOT, capture_output=True, check=True)
    status, output, failed = run_suite("--image", tag, *OWN)
    assert (status, failed) == (0, set()), output[-3000:]
    assert "skipped" not in output, output[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_verdicts_on_other_servers_are_the_published_ones(name: str) -> None:
    """Each was looked up in AWS's documentation; docs/contract.md says why the musts that failed are right."""
    published = records.read(records.CONTRACT)
    assert published is not None
    try:
        interpreter(SERVERS / OTHERS[name])
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"its packages cannot be installed here: {error}")
    found, expected = (
        {row["name"]: row["outcome"] for row in verdicts if not decided_by_chance(row["name"])}
        for verdicts in (foreign(OTHERS[name]), published["servers"][name])
    )
    assert found == expected


def decided_by_chance(name: str) -> bool:
    """Rows that send many requests at once: how busy the machine is decides them for a server with a short backlog."""
    return "under_load" in name or "test_concurrent" in name


@pytest.mark.slow
def test_the_suite_installs_alone(tmp_path: Path, url: str) -> None:
    """In an environment with nothing but what it asks for."""
    command = ["uv", "tool", "run", "--isolated", "--from", str(ROOT / "tests" / "contract"), "sagemaker-contract"]
    ended = run_with_packages([*command, "--url", url, *PICTURE], tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "must    passed   POST /invocations" in ended.stdout
