"""``python -m benchmarks``: start-up and latency of a real server on this machine, one worker, one connection.

Prints a Markdown table. The server shares the machine with this client, so the figures are those of a quiet
connection, not of a loaded server.
"""

import http.client
import json
import time
from collections.abc import Iterator
from io import BytesIO

import numpy as np

from benchmarks.server import ROOT, started

STARTS, REQUESTS = 7, 500

Request = tuple[str, bytes, dict[str, str]]


def main() -> None:
    """Measure and print."""
    print("| What | median | 99 % |\n| --- | ---: | ---: |")
    starts = []
    for _ in range(STARTS):
        with started() as server:
            starts.append(server.seconds)
    print(f"| `python -m service` to the first `/ping` 200, of {STARTS} | {np.median(starts) * 1e3:.0f} ms | |")
    with started() as server:
        for name, request in requests():
            median, high = np.percentile(latencies(server.port, request), [50, 99]) * 1e3
            print(f"| {name}, of {REQUESTS} | {median:.2f} ms | {high:.2f} ms |")


def requests() -> Iterator[tuple[str, Request]]:
    """Yield what is measured: real test images, in the ways a client sends them."""
    picture = (ROOT / "tests" / "data" / "ankle-boot.png").read_bytes()
    with np.load(ROOT / "tests" / "data" / "test_images.npz") as content:
        images = content["images"]
    form = b"--b\r\nContent-Disposition: form-data; name=file; filename=a.png\r\n\r\n" + picture + b"\r\n--b--\r\n"
    numbers = json.dumps({"instances": (images[:1] / 255).round(6).tolist()}).encode()
    array = BytesIO()
    np.save(array, images[:100])
    yield "`/predict`, PNG as the body", ("/predict", picture, {"content-type": "image/png"})
    yield "`/predict`, PNG in a form", ("/predict", form, {"content-type": "multipart/form-data; boundary=b"})
    yield "`/invocations`, one image as JSON", ("/invocations", numbers, {"content-type": "application/json"})
    yield "`/invocations`, 100 images as npy", ("/invocations", array.getvalue(), {"content-type": "application/x-npy"})


def latencies(port: int, request: Request) -> list[float]:
    """Send a request many times over one connection; seconds each, after a warm-up."""
    path, body, headers = request
    connection = http.client.HTTPConnection("127.0.0.1", port)
    seconds = []
    for repetition in range(REQUESTS + 20):
        began = time.perf_counter()
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        content = response.read()
        if repetition >= 20:
            seconds.append(time.perf_counter() - began)
        if response.status != 200:
            raise SystemExit(f"{path} answered {response.status}: {content.decode()}")
    connection.close()
    return seconds


if __name__ == "__main__":
    main()
