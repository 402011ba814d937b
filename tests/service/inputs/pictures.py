"""Picture files of every kind that foreign programs write, made without the service's own decoder.

TIFFs come from tifffile and imagecodecs, or like PNGs and BMPs byte by byte as their specifications have them.
"""

import struct
import zlib
from io import BytesIO
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

from tests.conftest import DATA

Grey = npt.NDArray[np.uint8]
Colour = npt.NDArray[np.uint8]


def boot() -> Grey:
    """One of the dataset's: uint8 (28, 28)."""
    return np.asarray(Image.open(DATA / "ankle-boot.png"))


def photo() -> Colour:
    """The boot in brown on a light, bluish background, off its centre: uint8 (72, 96, 3)."""
    garment = np.asarray(Image.fromarray(boot()).resize((60, 60), Image.Resampling.BICUBIC)).astype(np.float32) / 255
    canvas = np.full((72, 96, 3), (225, 232, 240), np.float32)
    brown = np.array([110, 60, 30], np.float32) + 60 * garment[..., np.newaxis]
    canvas[6:66, 18:78] = np.where(garment[..., np.newaxis] > 0.1, brown, canvas[6:66, 18:78])
    return canvas.round().astype(np.uint8)


def scaled(samples: npt.NDArray[np.uint8], kind: str) -> npt.NDArray[Any]:
    """Bring 8 bits to the whole range of another dtype; floats to 0…1."""
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        return (samples / 255).astype(dtype)
    bits = dtype.itemsize * 8 - (dtype.kind == "i")
    whole: npt.NDArray[Any] = (samples.astype(object) * (2**bits - 1) // 255).astype(dtype)
    return whole


def tiff(array: npt.NDArray[Any], *, order: Literal["<", ">"] = "<", big: bool = False, **options: Any) -> bytes:
    """Write a TIFF with tifffile."""
    stream = BytesIO()
    with tifffile.TiffWriter(stream, byteorder=order, bigtiff=big) as writer:
        writer.write(array, **options)
    return stream.getvalue()


def packed(samples: npt.NDArray[Any], bits: int, *, reverse: bool = False) -> bytes:
    """Pack samples (height, width) to so many bits each, rows to whole bytes; the lowest bit first if reversed."""
    shifts = np.arange(bits - 1, -1, -1)
    rows = (samples[..., np.newaxis].astype(np.int64) >> shifts & 1).astype(np.uint8).reshape(len(samples), -1)
    return np.packbits(rows, axis=1, bitorder="little" if reverse else "big").tobytes()


def plain_tiff(data: bytes, tags: dict[int, tuple[str, Any]], *, order: str = "<", more: bytes = b"") -> bytes:
    """Write a TIFF of one uncompressed strip byte by byte: tags as (type, values), types of the ``struct`` module."""
    header = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(data) + len(data) % 2)
    tags = tags | {273: ("I", 8), 279: ("I", len(data)), 278: ("I", tags[257][1])}
    at = 8 + len(data) + len(data) % 2 + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, (kind, given) in sorted(tags.items()):
        numbers = given if isinstance(given, tuple) else (given,)
        value = struct.pack(f"{order}{len(numbers)}{kind}", *numbers)
        entries += struct.pack(f"{order}HHI", tag, {"B": 1, "H": 3, "I": 4}[kind], len(numbers))
        if len(value) > 4:
            entries += struct.pack(f"{order}I", at + len(values))
            values += value + bytes(len(value) % 2)
        else:
            entries += value.ljust(4, b"\0")
    directory = struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + values
    return header + data + bytes(len(data) % 2) + directory + more


def size_tags(array: npt.NDArray[Any]) -> dict[int, tuple[str, Any]]:
    """The tags of an array's width and height."""
    return {256: ("I", array.shape[1]), 257: ("I", array.shape[0])}


def chunk(kind: bytes, content: bytes) -> bytes:
    """Write a PNG's chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(
    samples: npt.NDArray[Any], bits: int, colour_type: int, *, chunks: bytes = b"", interlaced: bool = False
) -> bytes:
    """Write a PNG of samples (height, width, channels), with chunks before its data."""
    height, width = samples.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, interlaced)
    passes = [samples[y::dy, x::dx] for x, y, dx, dy in _ADAM7] if interlaced else [samples]
    rows = b""
    for one in passes:
        if one.size:
            flat = one.reshape(len(one), -1)
            data = packed(flat, bits)
            length = len(data) // len(one)
            rows += b"".join(b"\0" + data[i * length : (i + 1) * length] for i in range(len(one)))
    compressed = zlib.compress(rows)
    parts = (compressed[: len(compressed) // 2], compressed[len(compressed) // 2 :])
    idat = b"".join(chunk(b"IDAT", part) for part in parts)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunks + idat + chunk(b"IEND", b"")


def bmp(
    data: bytes,
    size: tuple[int, int],
    bits: int,
    *,
    compression: int = 0,
    palette: bytes = b"",
    colours: int = 0,
    header: int = 40,
    masks: tuple[int, ...] = (),
    top_down: bool = False,
) -> bytes:
    """Write a BMP of rows that are packed already, from the bottom unless ``top_down``."""
    width, height = size
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        rows = -height if top_down else height
        info = struct.pack("<IiiHHIIiiII", header, width, rows, 1, bits, compression, len(data), 0, 0, colours, 0)
        packed_masks = struct.pack(f"<{len(masks)}I", *masks)
        info = (info + packed_masks).ljust(header, b"\0") if header > 40 else info + packed_masks
    offset = 14 + len(info) + len(palette)
    return struct.pack("<2sIHHI", b"BM", offset + len(data), 0, 0, offset) + info + palette + data


def bmp_rows(samples: npt.NDArray[Any], bits: int, *, top_down: bool = False) -> bytes:
    """Pack samples (height, width) or bytes (height, n) of 8 bits, rows to 4 bytes and from the bottom."""
    rows = [packed(row[np.newaxis], bits) for row in (samples if top_down else samples[::-1])]
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


def with_alpha(samples: npt.NDArray[Any], alpha: int = 255) -> npt.NDArray[Any]:
    """Add a channel of one level to samples (height, width, channels)."""
    return np.concatenate([samples, np.full((*samples.shape[:2], 1), alpha, samples.dtype)], axis=2)
