"""``python -m benchmarks.fuzz TARGET --seconds 1800``: coverage-guided fuzzing (atheris) of what reads bytes.

Targets: ``picture``, ``json``, ``json_lines``, ``csv``, ``npy``. Anything but a picture, a batch or a ``ServiceError``
is a finding: atheris writes its input to ``crash-…`` and ends with a traceback. What reaches new code is kept in
``tests/reliability/corpus/TARGET`` or in ``--corpus``, from which the next call goes on.
"""

import argparse
import sys
from pathlib import Path

import atheris

from benchmarks.hostile import seeds
from benchmarks.server import ROOT

with atheris.instrument_imports(
    include=["service.images", "service.batches", "service.codecs", "service.json_images", "PIL"]
):
    from service import codecs, images, json_images

from service.errors import ServiceError

CORPUS = ROOT / "tests" / "reliability" / "corpus"
_READERS = {
    "json": json_images.read_json,
    "json_lines": json_images.read_json_lines,
    "csv": codecs.read_csv,
    "npy": codecs.read_npy,
}
TARGETS = ("picture", *_READERS)


def attempt(target: str, content: bytes) -> None:
    """Read some bytes as the service does; ``ServiceError`` is an answer like any other.

    Raises:
        Exception: a finding.

    """
    try:
        if target == "picture":
            images.preprocess(content, "auto", 512 * 512)
        else:
            _READERS[target](content, max_batch=100)
    except ServiceError:
        pass


def main() -> None:
    """Fuzz for a while."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=1800)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    corpus: Path = options.corpus or CORPUS / options.target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        if len(seed) < 8_000 and not any(corpus.glob(f"seed-{number}")):
            (corpus / f"seed-{number}").write_bytes(seed)
    limits = [f"-max_total_time={options.seconds}", "-max_len=8000", "-timeout=20", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], str(corpus), *limits], lambda content: attempt(options.target, content))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
