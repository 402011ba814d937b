"""CSV → float32 (N, 28, 28, 1): one image a row, 784 numbers."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

import numpy as np

from service.errors import MalformedError, UnusableError, shortened
from service.inputs.batch_validation import PIXELS, Batch, normalize, numbered_lines, only_carriage_returns

_DECIMAL_COMMAS = re.compile(rb"[;\t\"'] *-?\d+,\d+ *(?:[;\t\"']|$)|^-?\d+,\d+ *[;\t]")
"""A number as a spreadsheet of many languages writes it, and what it separates numbers with."""

_LEAVE_OUT = "out a label or an index, and a header row"
_COLUMN_NUMBERS = np.arange(PIXELS, dtype=np.float32)
"""What pandas writes above columns that have no names."""


def read_csv(body: bytes, *, max_batch: int, first: int = 1) -> Batch:
    """Read one image a row, 784 comma-separated numbers from 0 to 1, no header; as ``read_json_lines``."""
    if first == 1 and body.startswith((BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)):
        raise MalformedError("the CSV begins with a byte order mark; save it as UTF-8 without")
    rows = numbered_lines(body, max_batch, first)
    values = np.empty((len(rows), PIXELS), np.float32)
    for position, (number, row) in enumerate(rows):
        if b"\r" in row:
            raise only_carriage_returns(number)
        columns = row.count(b",") + 1
        if columns != PIXELS:
            if _DECIMAL_COMMAS.search(row) or columns == 2 * PIXELS:
                raise _decimal_commas(number)
            hint = ""
            if b";" in row or b"\t" in row:
                hint = f"; separate them with commas, not {'semicolons' if b';' in row else 'tabs'}"
            elif columns == 1:
                hint = "; separate them with commas"
            elif columns == PIXELS + 1:
                hint = "; leave " + ("out the comma at its end" if row.endswith(b",") else _LEAVE_OUT)
            elif columns > PIXELS and b"." not in row:
                hint = "; if it is written with decimal commas, as 0,5, write 0.5"
            raise UnusableError(f"row {number} has {columns} columns, an image has {PIXELS}{hint}")
        try:
            with np.errstate(over="ignore"):  # infinite as float32, which is refused with all others
                values[position] = row.split(b",")
        except ValueError as error:
            raise _not_a_number(row, number) from error
        if b"_" in row:  # Python's float() reads 1_0 as 10
            raise _not_a_number(row, number)
    if np.array_equal(values[0], _COLUMN_NUMBERS):
        raise UnusableError(f"row {rows[0][0]} is a header row, the numbers from 0 to {PIXELS - 1}; leave it out")
    return Batch(normalize(values, lambda position: f"row {rows[position][0]}"))


def _decimal_commas(number: int) -> MalformedError:
    return MalformedError(
        f"row {number} seems to be written with decimal commas, as 0,5; write 0.5, and commas between the {PIXELS} "
        "numbers"
    )


def _not_a_number(row: bytes, number: int) -> MalformedError:
    if _DECIMAL_COMMAS.search(row):  # as many as separators would be
        return _decimal_commas(number)
    cells = enumerate(row.split(b","), 1)
    column, cell = next((column, cell.strip()) for column, cell in cells if not _is_number(cell))
    found = shortened(cell.decode("utf-8", "replace")) if cell else "empty"
    return MalformedError(
        f"row {number} is not all numbers: column {column} is {found}. Leave headers, quotes and labels out"
    )


def _is_number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return b"_" not in cell
