"""``python -m benchmarks.reliability.hostile --requests 200000``: requests that no sane client sends.

Real requests with bytes flipped, cut, doubled or replaced by words that break parsers; a content type of another; sizes
that lie; bombs. Counts the answers by status; it fails if there was a 5xx other than 503, or if a worker died.
``--seed`` makes other ones.
"""

import argparse
import io
import json
import random
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import records, tables
from benchmarks.speed.server import ROOT, ready, started
from service.inputs.plain_png import chunk

CONNECTIONS = 8
_WORDS = (
    b"NaN", b"-1e999", b"null", b"[" * 500, b"{" * 500, b'"\\ud800"', b"\xff\xfe", b"\0" * 64, b"9" * 5000, b"../etc",
    b"\r\n\r\n", b"1,,", b"data:image/png;base64,", b"'descr': 'O'", b"\x93NUMPY\x01\x00", b"--b--", b"%s%n", b"inf",
)  # fmt: skip
_TYPES = (
    "application/json", "application/jsonlines", "text/csv", "application/x-npy", "image/png", "image/tiff", "text/x",
    "application/x-image", "multipart/form-data; boundary=b", "multipart/form-data", "text/plain", "", "a/b; c=\x7f",
)  # fmt: skip
_PATHS = (
    "/predict", "/compare", "/invocations", "/predict?top_k=0", "/predict?preprocess=photo", "/predict?model=%00",
    "/v1/models/cnn_a:predict", "/v1/models/%2e%2e:predict", "/models", "/experiments/%ff", "/static/..%2f..%2fetc",
    "/invocations?x=" + "y" * 3000,
)  # fmt: skip

Hostile = tuple[str, str, bytes, dict[str, str]]


@cache
def bombs() -> dict[str, bytes]:
    """Make pictures and arrays that are small as files and claim, or have, far more inside."""
    blank = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(blank, "PNG")
    frames = io.BytesIO()
    frame = [Image.new("P", (500, 500), n % 256) for n in range(300)]
    frame[0].save(frames, "GIF", save_all=True, append_images=frame[1:])
    small = (ROOT / "tests" / "data" / "coat.png").read_bytes()
    packed = zlib.compress(bytes(200_000_000), 9)
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 28, 28)})
    return {
        "pixels": blank.getvalue(),
        "frames": frames.getvalue(),
        "frame": _gif(65_535),
        "iCCP": _with_chunk(small, b"iCCP", b"x\0\0" + packed),
        "zTXt": _with_chunk(small, b"zTXt", b"x\0\0" + packed),
        "iTXt": _with_chunk(small, b"iTXt", b"x\0\1\0\0\0" + packed),
        "npy": array.getvalue(),
    }


def _gif(edge: int) -> bytes:
    """Make a GIF whose one transparent frame is so large, which Pillow fills when it opens the file."""
    size = struct.pack("<HH", edge, edge)
    control = b"\x21\xf9\x04\x09\0\0\0\0"
    return b"GIF89a" + size + b"\0\0\0" + control + b"\x2c\0\0\0\0" + size + b"\0\x02\x02\x44\x01\0;"


def _with_chunk(png: bytes, kind: bytes, content: bytes) -> bytes:
    """Put a chunk behind a PNG's header."""
    return png[:33] + chunk(kind, content) + png[33:]


def seeds() -> dict[str, bytes]:
    """Give bodies that are answered with 200, before anything is done to them, by the kind of their content."""
    picture = (ROOT / "tests" / "data" / "coat.png").read_bytes()
    image = Image.open(io.BytesIO(picture))
    pictures = {kind.lower(): _saved(image, kind) for kind in ("JPEG", "WEBP", "BMP", "GIF", "TIFF")}
    # A palette and its transparency are chunks of their own, which may be missing, too short or too long.
    palette = _saved(image.convert("RGB").quantize(256), "PNG", transparency=bytes(range(256)))
    array = io.BytesIO()
    np.save(array, np.zeros((2, 28, 28), np.uint8))
    row = [0.0, 0.5] * 392
    head = b"--b\r\nContent-Disposition: form-data; name=file; filename=a.png\r\n\r\n"
    return {
        "png": picture,
        **pictures,
        "palette": palette,
        "npy": array.getvalue(),
        "json": json.dumps({"instances": [row]}).encode(),
        "json lines": (json.dumps(row) + "\n").encode() * 2,
        "csv": (",".join(map(str, row)) + "\n").encode(),
        "form": head + picture + b"\r\n--b--\r\n",
    }


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def hostile_requests(count: int, seed: int) -> Iterator[Hostile]:
    """Make so many requests; the same ones for the same seed."""
    random_ = random.Random(seed)  # noqa: S311 (nothing secret)
    bodies, packed = list(seeds().values()), list(bombs().values())
    for number in range(count):
        body = packed[number // 1000 % len(packed)] if number % 1000 == 0 else _spoiled(random_.choice(bodies), random_)
        headers = {"content-type": random_.choice(_TYPES), "accept": random_.choice(("*/*", "text/csv", "q/q;q=x", ""))}
        if random_.random() < 0.05:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = random_.choice(
                ("tfs-model-name=", "=,=,,=", "verbose=\x7f")
            )
        yield random_.choice(("POST",) * 9 + ("DELETE",)), random_.choice(_PATHS), body, headers


def _spoiled(body: bytes, random_: random.Random) -> bytes:
    content = bytearray(body)
    for _ in range(random_.randint(1, 4)):
        at = random_.randrange(len(content) + 1)
        match random_.randrange(5):
            case 0 if content:
                content[min(at, len(content) - 1)] ^= 1 << random_.randrange(8)
            case 1:
                del content[at:]
            case 2:
                content[at:at] = random_.choice(_WORDS)
            case 3:
                content[at : at + 4] = random_.randbytes(4)
            case _:
                content[at:at] = content[at : at + 200]
    return bytes(content)


def attack(port: int, requests: Iterator[Hostile]) -> Counter[str]:
    """Send requests over one connection; counts the answers by status, ``none`` where there was none."""
    answers: Counter[str] = Counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    for method, path, body, headers in requests:
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            answers[str(answer.status)] += 1
            if answer.status >= 500 and answer.status != 503:
                sys.stderr.write(f"{answer.status}: {method} {path} {headers} {body[:200]!r} → {content[:300]!r}\n")
        except (OSError, HTTPException):
            answers["none"] += 1
            connection.close()
    connection.close()
    return answers


def run(count: int, seed: int, workers: int = 2) -> tuple[Counter[str], int]:
    """Attack a server of its own; gives the answers by status, and how many workers died."""
    with started(SERVICE_WORKERS=str(workers)) as server:
        before = server.workers
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            share = count // CONNECTIONS
            counted = threads.map(lambda n: attack(server.port, hostile_requests(share, seed + n)), range(CONNECTIONS))
            answers = sum(counted, Counter[str]())
        died = len(set(before) - set(server.workers))
        if not ready(server.port, timeout=60):
            raise SystemExit("the server is no longer ready")
    return answers, died


def failures(answers: Counter[str]) -> int:
    """Count the answers there must be none of."""
    return sum(n for status, n in answers.items() if status == "none" or (status >= "500" and status != "503"))


def main() -> None:
    """Attack and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability.hostile", description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=records.RELIABILITY / "hostile.json", metavar="FILE")
    options = parser.parse_args()
    about = records.about()
    answers, died = run(options.requests, options.seed)
    content = {"answers": answers, "workers_died": died}
    print("\n".join(tables.hostile(content)))
    print(f"\n{answers.total():,} requests, {failures(answers)} failures, {died} workers died")
    records.write(options.json, about, **content)
    sys.exit(bool(failures(answers) or died))


if __name__ == "__main__":
    main()
