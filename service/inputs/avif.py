"""What an AVIF's boxes say of its picture beside the pixels: which kinds of samples are refused.

Source: ISO/IEC 14496-12 (boxes, items), ISO/IEC 23008-12, sections 6.5 and 9.3 (properties of items); AOMedia,
"AV1 Image File Format (AVIF)".
"""

from collections.abc import Iterator

from service.errors import UnusableError
from service.inputs import av1, formats

_FULL_BOX = 4
"""Bytes of version and flags before the content of some boxes."""
_LEAST_LOCATION = 8
"""Bytes of an ``iloc`` box up to its first item; a shorter box is filled up with 0."""
_IN_FILE, _IN_BOX = 0, 1
"""Construction methods of ``iloc``: an item's data are in the file, or in the ``idat`` box."""
_HEAD_BYTES = 4096
"""What samples say of themselves is at their beginning."""


def require_known(content: bytes) -> None:
    """Require that an AVIF, which was opened, is of a kind that is read as it is meant.

    Raises:
        UnusableError: its samples are of high dynamic range, or it is to be cropped before it is shown.

    """
    meta = _one(content, b"meta")[_FULL_BOX:]
    item = int.from_bytes(_one(meta, b"pitm")[_FULL_BOX:])
    properties = _properties(meta, item)
    if any(kind == b"clap" for kind, _ in properties):
        raise UnusableError(
            "the AVIF says that it is to be cropped (clean aperture), which this service does not do; save it "
            "cropped, as PNG or JPEG"
        )
    code_points = [data for kind, data in properties if kind == b"colr" and data.startswith(b"nclx")]
    if code_points:
        formats.refuse_high_dynamic_range(code_points[0][7:8])
    else:  # then the samples themselves say it
        for part in [item, *_parts(meta, item)][:2]:
            formats.refuse_high_dynamic_range(av1.transfer(_coded(content, meta, part)))


def _properties(meta: bytes, item: int) -> list[tuple[bytes, bytes]]:
    """The properties of the item that is the picture, each as its kind and content: not those of alpha or gain maps."""
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


def _parts(meta: bytes, item: int) -> list[int]:
    """Give the items that an item is put together from, such as a grid's tiles, by the ``iref`` box."""
    references = _one(meta, b"iref")
    size = 4 if references[:1] == b"\1" else 2
    for kind, data in _boxes(references[_FULL_BOX:]):
        if kind == b"dimg" and int.from_bytes(data[:size]) == item:
            return [int.from_bytes(data[at : at + size]) for at in range(size + 2, len(data), size)]
    return []


def _coded(content: bytes, meta: bytes, item: int) -> bytes:
    """Give how an item's data begin, by the ``iloc`` box; nothing where they are within another item."""
    location = _one(meta, b"iloc").ljust(_LEAST_LOCATION, b"\0")
    version, id_size = location[0], 2 if location[0] < 2 else 4
    offset_size, length_size, base_size, index_size = (n for byte in location[4:6] for n in (byte >> 4, byte & 15))
    if not version:
        index_size = 0
    fields = _Fields(location, 6)
    for _ in range(fields.read(id_size)):
        if fields.is_over:
            break
        found = fields.read(id_size)
        method = fields.read(2) & 15 if version else _IN_FILE
        fields.read(2)  # the file it is in: this one
        base = fields.read(base_size)
        extents = fields.read(2)
        if found == item:
            fields.read(index_size)
            start = base + fields.read(offset_size)
            source = {_IN_FILE: content, _IN_BOX: _one(meta, b"idat")}.get(method, b"")
            return source[start : start + min(fields.read(length_size) or _HEAD_BYTES, _HEAD_BYTES)]
        fields.read(extents * (index_size + offset_size + length_size))
    return b""


class _Fields:
    """Reads numbers one behind the other; behind the end all are 0."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def read(self, size: int) -> int:
        self._at += size
        return int.from_bytes(self._data[self._at - size : self._at])

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._data)


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
