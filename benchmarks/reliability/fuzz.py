"""``python -m benchmarks.reliability.fuzz TARGET --seconds 1800``: fuzzing of what reads bytes.

The fuzzer is atheris, guided by coverage.

Targets: ``picture``, ``plain_png`` (whose short way must read what the long way does), ``json``, ``json_lines``,
``csv``, ``npy``. Anything but a picture, a batch or a ``ServiceError`` is a finding: atheris writes its input to
``crash-…`` and ends with a traceback. What reaches new code is kept in ``tests/data/fuzz/TARGET`` or in
``--corpus``, from which the next call goes on. What was tried without a finding is recorded for
``docs/reliability.md``.
"""

import argparse
import mmap
import os
import sys
import time
from pathlib import Path

import atheris
import numpy as np

from benchmarks.speed.server import ROOT

with atheris.instrument_imports(include=["service", "PIL"]):  # atheris takes whole packages only
    from service.inputs import csv_images, json_images, npy_images, plain_png, preprocessing

from benchmarks import records
from benchmarks.reliability.hostile import seeds
from service.errors import ServiceError, UnusableError

CORPUS = ROOT / "tests" / "data" / "fuzz"
_RECORD = records.RELIABILITY / "fuzz.json"
_READERS = {
    "json": json_images.read_json,
    "json_lines": json_images.read_json_lines,
    "csv": csv_images.read_csv,
    "npy": npy_images.read_npy,
}
TARGETS = ("picture", "plain_png", *_READERS)


def attempt(target: str, content: bytes) -> None:
    """Read some bytes as the service does; ``ServiceError`` is an answer like any other.

    Raises:
        Exception: a finding.

    """
    try:
        if target == "picture":
            preprocessing.preprocess_sync(content, "auto", 512 * 512)
        elif target == "plain_png":
            _compare(_as_data(content))
        else:
            _READERS[target](content, max_batch=100)
    except ServiceError:
        pass


def _as_data(content: bytes) -> bytes:
    """Make the plain PNG whose pixels' data are these."""
    return plain_png.HEAD + plain_png.chunk(b"IDAT", content) + plain_png.END


def _compare(content: bytes) -> None:
    """Require of the short way what the long way reads; a blank picture is one that was read, too."""
    short = plain_png.read(content)
    if short is None:
        return
    try:
        long = np.rint(preprocessing.preprocess_sync(content, "dataset", 784).pixels[0, ..., 0] * 255)
    except UnusableError:
        long = np.full_like(short, short[0, 0])
    if not np.array_equal(short, long):
        raise AssertionError("the short way reads other pixels than the long way")


def main() -> None:
    """Fuzz for a while, and record it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=1800)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    corpus: Path = options.corpus or CORPUS / options.target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds().values()):
        if len(seed) < 8_000 and not any(corpus.glob(f"seed-{number}")):
            # Of the picture, its data alone.
            (corpus / f"seed-{number}").write_bytes(seed[41:-16] if options.target == "plain_png" else seed)
    # atheris itself grows by a gigabyte in half an hour of pictures.
    limits = [f"-max_total_time={options.seconds}", "-max_len=8000", "-timeout=20", "-rss_limit_mb=8192"]
    about, began, inputs = records.about(), time.monotonic(), np.frombuffer(mmap.mmap(-1, 8), np.int64)

    def counted(content: bytes) -> None:
        inputs[0] += 1
        attempt(options.target, content)

    if os.fork() == 0:  # atheris ends its process, and runs nothing at its exit
        atheris.Setup([sys.argv[0], str(corpus), *limits], counted)
        atheris.Fuzz()
    if os.wait()[1]:
        sys.exit(1)
    result = {"inputs": int(inputs[0]), "seconds": round(time.monotonic() - began), "commit": about["commit"]}
    readers = (records.read(_RECORD) or {"readers": {}})["readers"]
    records.write(_RECORD, about, readers=readers | {options.target: result})


if __name__ == "__main__":
    main()
