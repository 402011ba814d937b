"""What is not read is told by its first bytes, and named with what to do."""

import httpx
import numpy as np
import pytest
from PIL import Image

from service.errors import MalformedError, ServiceError, UnsupportedMediaTypeError
from service.inputs.preprocessing import preprocess_sync
from tests.conftest import assert_problem, encode


def ftyp(major: bytes, *brands: bytes) -> bytes:
    """The first box of an ISO media file, and what follows it."""
    box = major + b"\0\0\0\0" + b"".join(brands)
    return (len(box) + 8).to_bytes(4) + b"ftyp" + box + b"\0\0\1\x5fmeta" + bytes(400)


FOREIGN = {
    "HEIC of an iPhone": (ftyp(b"heic", b"mif1", b"heic"), "HEIC", "JPEG"),
    "HEIC by its further brand": (ftyp(b"mif1", b"mif1", b"heix"), "HEIC", "JPEG"),
    "Canon CR3": (ftyp(b"crx ", b"crx ", b"isom"), "raw file", "develop"),
    "MP4": (ftyp(b"isom", b"isom", b"mp42"), "video", "frames"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg" width="28"/>', "SVG", "PNG"),
    "SVG with a prologue": (b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<!-- by hand -->\n<svg/>', "SVG", "PNG"),
    "SVG with a doctype": (b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'><svg/>", "SVG", "PNG"),
    "HTML": (b"<!DOCTYPE html><title>404</title>", "HTML", "picture"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF", "page"),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript", "PNG"),
    "JPEG XL": (b"\xff\x0a\xfa\x1f\x41", "JPEG XL", "PNG"),
    "JPEG XL in a container": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(30), "JPEG XL", "PNG"),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(30), "JPEG 2000", "PNG"),
    "JPEG 2000 codestream": (b"\xff\x4f\xff\x51\0\x2f", "JPEG 2000", "PNG"),
    "PSD": (b"8BPS\0\1" + bytes(20), "Photoshop", "PNG"),
    "Olympus raw": (b"IIRO\x08\0\0\0" + bytes(20), "raw file", "develop"),
    "Panasonic raw": (b"IIU\0\x18\0\0\0" + bytes(20), "raw file", "develop"),
    "Fuji raw": (b"FUJIFILMCCD-RAW 0201FF389501", "raw file", "develop"),
    "ICO": (b"\0\0\1\0\1\0\x10\x10", "icon", "PNG"),
    "CUR": (b"\0\0\2\0\1\0\x20\x20", "cursor", "PNG"),
    "TGA": (encode(Image.new("RGB", (28, 28)), "TGA"), "Targa", "PNG"),
    "ZIP": (b"PK\x03\x04\x14\0", "ZIP", "unpack"),
    "gzip": (b"\x1f\x8b\x08\0", "gzip", "uncompressed"),
    "NumPy": (b"\x93NUMPY\x01\0v\0", "NumPy", "/invocations"),
    "PNM": (b"P6\n28 28\n255\n" + bytes(100), "Netpbm", "PNG"),
    "OpenEXR": (b"\x76\x2f\x31\x01\x02\0\0\0", "OpenEXR", "PNG"),
    "a data: URL": (b"data:image/png;base64,iVBORw0KGgo=", "data: URL", "application/json"),
    "big-endian BigTIFF": (b"MM\0+\0\x08\0\0" + bytes(40), "BigTIFF", "PNG"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_formats_are_named_with_what_to_do(name: str) -> None:
    content, word, advice = FOREIGN[name]
    with pytest.raises(UnsupportedMediaTypeError) as caught:
        preprocess_sync(content, "auto", 10_000)
    what, _, to_do = str(caught.value).partition("; ")
    assert word in what
    assert "this service reads PNG, JPEG" in what
    assert advice in to_do


@pytest.mark.parametrize(
    "content", [b"", b"P", b"PNG", b"Puh, a text", b"<note/>", b"hello world, no picture", bytes(100)]
)
def test_what_is_no_picture_at_all_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(MalformedError, match=r"not a picture|empty"):
        preprocess_sync(content, "auto", 10_000)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF"])
def test_a_file_that_is_cut_off_is_never_said_to_be_no_picture(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = encode(noise, kind)
    for length in (20, 40, len(whole) // 2, len(whole) - len(whole) // 8):
        with pytest.raises(ServiceError, match=f"{kind} picture.*(truncated|corrupt)"):
            preprocess_sync(whole[:length], "auto", 10_000)


@pytest.mark.parametrize("path", ["/predict", "/invocations"])
@pytest.mark.parametrize(
    ("declared", "name"), [("image/heic", "HEIC"), ("image/heif", "HEIC"), ("image/svg+xml", "SVG")]
)
def test_what_is_declared_as_a_picture_of_another_kind_is_named(
    client: httpx.Client, path: str, declared: str, name: str
) -> None:
    refused = client.post(path, content=b"any", headers={"content-type": declared})
    assert_problem(refused, 415, f"the file is an {name}", "export it as")
