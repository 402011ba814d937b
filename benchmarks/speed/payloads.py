"""What is sent: real test images, in the ways a client sends them."""

import json
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from benchmarks.speed.server import ROOT

PICTURE = (ROOT / "tests" / "data" / "ankle-boot.png").read_bytes()
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

    """

    name: str
    path: str
    body: bytes
    content_type: str
    images: int = 1


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


def array(count: int) -> Payload:
    """Give images as a .npy file of bytes."""
    stream = BytesIO()
    np.save(stream, images(count))
    return Payload(
        f"`/invocations`, {count:,} images as npy", "/invocations", stream.getvalue(), "application/x-npy", count
    )
