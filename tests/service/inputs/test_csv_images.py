"""CSV and JSON lines to /invocations that are not what they should be."""

import json

import httpx
import pytest

from tests.conftest import Samples, assert_problem
from tests.service.routes.test_invocation import CSV, JSON_LINES, invoke
from training.data.fashion_mnist import scale


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 422, ["at least one"]),
        (b"1,2,3\n", 422, ["row 1 has 3 columns", "784"]),
        (b"label" + b",pixel" * 784, 422, ["row 1 has 785 columns", "leave out a label or an index"]),
        (b"\xef\xbb\xbf0" + b",0" * 783, 400, ["byte order mark"]),
        (("0" + ",0" * 783).encode("utf-16"), 400, ["byte order mark", "UTF-8"]),
        (b"\n" + b"0" + b",0" * 783 + b"\n7" + b",0" * 783, 422, ["in row 3 range from 0 to 7", "divide by 255"]),
        (",".join(map(str, range(784))).encode(), 422, ["row 1 is a header row", "0 to 783; leave it out"]),
        (b",".join([b"x"] * 784), 400, ["row 1", "column 1 is 'x'", "Leave headers"]),
        (b",".join([b"0"] * 784) + b"\n" + b",".join([b""] * 784), 400, ["row 2", "column 1 is empty"]),
        (b"0," * 783 + b"\n", 400, ["row 1", "column 784 is empty"]),
        (("é" + ",0" * 783).encode(), 400, ["row 1", "not all numbers"]),
        (b"1" * 60_000 + b"x" + b",0" * 783, 400, ["row 1 is not all numbers: column 1 is '1111"]),
        (b"0.5," * 784, 422, ["row 1 has 785 columns, an image has 784; leave out the comma at its end"]),
        (b"0_1" + b",0" * 783, 400, ["row 1", "'0_1'"]),
        (b"0.5," * 783 + b"1111111111111111x", 400, ["row 1", "not all numbers"]),
        (b"0" + b",0" * 783 + b"\r" + b"0" + b",0" * 783, 400, ["line 1 ends in a carriage return alone", "with LF"]),
        ((b"0" + b",0" * 783 + b"\r") * 100, 400, ["line 1 ends in a carriage return alone"]),
        (b"nan" + b",0" * 783, 422, ["NaN"]),
        (b"-inf" + b",0" * 783, 422, ["infinite"]),
        (b"1e999" + b",0" * 783, 422, ["infinite"]),
        (b"1\n" * 12_000_000, 413, ["12,000,000 images"]),
    ],
)
@pytest.mark.timeout(60)  # in time that grows with the square of a cell, the longest would take minutes
def test_bad_csv_is_explained(client: httpx.Client, body: bytes, status: int, words: list[str]) -> None:
    assert_problem(invoke(client, body, CSV), status, *words)


@pytest.mark.parametrize("cell", ["1.2.3", "0.5 0.5", "1-2", "2026-01-02", "nan5", "infe5", "", "0x1", "1e", "٣"])
def test_cells_that_are_no_number_are_refused(client: httpx.Client, cell: str) -> None:
    assert_problem(invoke(client, (cell + ",0" * 783).encode(), CSV), 400, "row 1")


def test_bad_lines_are_named(client: httpx.Client, samples: Samples) -> None:
    good = json.dumps(scale(samples.images[:1])[0].tolist())
    assert_problem(invoke(client, f"{good}\n[1, 2".encode(), JSON_LINES), 400, "line 2 is not JSON")
    assert_problem(invoke(client, f"{good}\n\n[1, 2]".encode(), JSON_LINES), 422, "line 3", "has length 2")
    assert_problem(
        invoke(client, f'{good}\n{{"instances": [{good}]}}'.encode(), JSON_LINES), 422, "line 2 is an object"
    )
    for rows in (2, 1_000):
        old = invoke(client, f"{good}\r".encode() * rows, JSON_LINES)
        assert_problem(old, 400, "line 1 ends in a carriage return alone")
    assert_problem(invoke(client, b"\n\n", JSON_LINES), 422, "at least one")
