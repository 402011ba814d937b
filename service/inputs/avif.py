"""What an AVIF's boxes say of its picture beside the pixels: which kinds of samples are refused.

Source: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12, sections 6.5 and 9.3 (properties of items); AOMedia, "AV1 Image File
Format (AVIF)".
"""

from collections.abc import Iterator

from service.errors import UnusableError
from service.inputs import formats

_FULL_BOX = 4
"""Bytes of version and flags before the content of some boxes."""


def require_known(content: bytes) -> None:
    """Require that an AVIF, which was opened, is of a kind that is read as it is meant.

    Raises:
        UnusableError: its samples are of high dynamic range, or it is to be cropped before it is shown.

    """
    for kind, data in _properties(content):
        if kind == b"colr" and data.startswith(b"nclx"):
            formats.refuse_high_dynamic_range(data[7:8])
        elif kind == b"clap":
            raise UnusableError(
                "the AVIF says that it is to be cropped (clean aperture), which this service does not do; save it "
                "cropped, as PNG or JPEG"
            )


def _properties(content: bytes) -> list[tuple[bytes, bytes]]:
    """The properties of the item that is the picture, each as its kind and content: not those of alpha or gain maps."""
    meta = _one(content, b"meta")[_FULL_BOX:]
    primary = _one(meta, b"pitm")
    item = int.from_bytes(primary[_FULL_BOX:])
    properties = _one(meta, b"iprp")
    all_properties = list(_boxes(_one(properties, b"ipco")))
    return [
        all_properties[index - 1]
        for kind, data in _boxes(properties)
        if kind == b"ipma"
        for index in _associated(data, item)
        if 0 < index <= len(all_properties)
    ]


def _associated(data: bytes, item: int) -> Iterator[int]:
    """Give the numbers of an item's properties, counted from 1, by an ``ipma`` box."""
    item_size = 4 if data[:1] >= b"\1" else 2
    index_size = 2 if data[3:4] and data[3] & 1 else 1
    at = 8
    while at < len(data):
        found, count = int.from_bytes(data[at : at + item_size]), data[at + item_size : at + item_size + 1]
        at += item_size + 1
        for _ in range(count[0] if count else 0):
            if found == item:
                yield int.from_bytes(data[at : at + index_size]) & (0x7FFF if index_size == 2 else 0x7F)
            at += index_size


def _one(content: bytes, wanted: bytes) -> bytes:
    """The content of the first box of a kind; empty where there is none."""
    return next((data for kind, data in _boxes(content) if kind == wanted), b"")


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk the boxes that lie one behind the other, each as its kind and content."""
    at = 0
    while at + 8 <= len(content):
        size, start = int.from_bytes(content[at : at + 4]), at + 8
        if size == 1:
            size, start = int.from_bytes(content[start : start + 8]), start + 8
        end = at + size if size else len(content)
        if end < start:
            return
        yield content[at + 4 : at + 8], content[start:end]
        at = end
