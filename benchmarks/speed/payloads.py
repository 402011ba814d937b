"""What is sent: real test images, in the ways a client sends them."""

import json
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from benchmarks.speed.server import ROOT

PICTURE = (ROOT / "tests" / "data" / "ankle-boot.png").read_bytes()
NPY = "application/x-npy"
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"


@dataclass(frozen=True)
class Payload:
    """One request that is sent again and again.

    Attributes:
        name: as the table calls it.
        path: where it goes, by POST.
        body: its bytes.
        content_type: what they are.
        images: how many it holds.
        headers: further ones.

    """

    name: str
    path: str
    body: bytes
    content_type: str
    images: int = 1
    headers: tuple[tuple[str, str], ...] = ()


def images(count: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """Give uint8 (count, 28, 28): the repository's 300 test images, over and over."""
    with np.load(ROOT / "tests" / "data" / "test_images.npz") as content:
        return np.resize(content["images"], (count, 28, 28))


def png() -> Payload:
    """Give a PNG as the body."""
    return Payload("`/predict`, PNG as the body", "/predict", PICTURE, "image/png")


def form() -> Payload:
    """Give a PNG in a form, as browsers and curl send it."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="boot.png"\r\n'
    body = head.encode() + b"Content-Type: image/png\r\n\r\n" + PICTURE + f"\r\n--{BOUNDARY}--\r\n".encode()
    return Payload("`/predict`, PNG in a form", "/predict", body, f"multipart/form-data; boundary={BOUNDARY}")


def numbers(count: int) -> Payload:
    """Give images as JSON numbers, rounded as clients round them."""
    body = json.dumps({"instances": (images(count) / 255).round(4).tolist()}).encode()
    what = "one image" if count == 1 else f"{count} images"
    return Payload(f"`/invocations`, {what} as JSON", "/invocations", body, "application/json", count)


def array(count: int, *, answer: str | None = None) -> Payload:
    """Give images as a .npy file of bytes, which is answered with JSON, or with the media type asked for."""
    stream = BytesIO()
    np.save(stream, images(count))
    accept = () if answer is None else (("Accept", answer),)
    name = f"`/invocations`, {count:,} images as npy"
    return Payload(name, "/invocations", stream.getvalue(), NPY, count, accept)


def tensor(count: int) -> Payload:
    """Give images as a tensor of bytes, by the Open Inference Protocol, as Triton's client does; answered likewise."""
    pixels = images(count).tobytes()
    described = {
        "name": "images",
        "shape": [count, 28, 28],
        "datatype": "UINT8",
        "parameters": {"binary_data_size": len(pixels)},
    }
    head = json.dumps({"inputs": [described], "parameters": {"binary_data_output": True}}).encode()
    length = (("Inference-Header-Content-Length", str(len(head))),)
    what = "one image" if count == 1 else f"{count:,} images"
    path = "/v2/models/cnn_a_photos/infer"
    return Payload(f"`/v2/…/infer`, {what} as bytes", path, head + pixels, "application/octet-stream", count, length)
