"""Requests no sane client sends, some hundred; ``python -m benchmarks.reliability.hostile`` and ``.fuzz`` go on."""

import sys

import httpx
import pytest

from benchmarks.reliability import hostile
from benchmarks.speed.server import ROOT
from tests.conftest import DATA, assert_problem

CORPUS = ROOT / "tests" / "data" / "fuzz"


@pytest.mark.slow
def test_hostile_requests_are_answered_and_kill_nobody() -> None:
    answers, died = hostile.run(400, seed=5)
    assert answers.total() == 400
    assert (hostile.failures(answers), died) == (0, 0), answers
    assert answers["400"] > 40
    assert answers["200"] > 2


BOMBS = ("pixels", "frames", "frame", "iCCP", "zTXt", "iTXt", "npy")
"""Named here, so that they are made when they are needed."""


def test_every_bomb_is_sent() -> None:
    assert tuple(hostile.bombs()) == BOMBS


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_cost_little(client: httpx.Client, name: str) -> None:
    bomb = hostile.bombs()[name]
    kind = "application/x-npy" if name == "npy" else "image/png"
    answer = client.post("/invocations", content=bomb, headers={"content-type": kind})
    if name in ("pixels", "frame"):
        assert_problem(answer, 413, "more than 50,000,000 pixels", "SERVICE_MAX_PIXELS")
    elif name == "npy":
        assert_problem(answer, 400, "promises shape")
    elif name == "frames":  # only the first is decoded, and there is nothing on it
        assert_problem(answer, 422, "stands out")
    else:  # a text or profile that is left out, and the picture is read
        plain = (DATA / "coat.png").read_bytes()
        assert answer.json() == client.post("/invocations", content=plain, headers={"content-type": kind}).json()


@pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux only")
def test_what_the_fuzzer_found_is_read_or_refused() -> None:
    fuzz = pytest.importorskip("benchmarks.reliability.fuzz")
    for target in fuzz.TARGETS:
        inputs = sorted((CORPUS / target).iterdir())
        assert len(inputs) > 5
        for path in inputs:
            fuzz.attempt(target, path.read_bytes())
