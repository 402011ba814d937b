"""What stands beside the pixels of a PNG: what is left out before it is decoded, and which kinds are refused.

Pillow unpacks every text and profile when it opens a PNG, and refuses the whole picture for a large one. Programs that
edit, generate or sign pictures write such texts, and a picture is no worse for them.

Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", sections 11.3.2 and 11.3.3; transfer
characteristics are those of ITU-T H.273, table 3.
"""

import zlib

from service.errors import UnsupportedMediaTypeError
from service.inputs import formats

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PROFILE, _GAMMA, _CODE_POINTS, _APPLE = b"iCCP", b"gAMA", b"cICP", b"CgBI"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_LOOKED_FOR = (_PROFILE, _CODE_POINTS, _APPLE, *_TEXTS)

_MAX_UNPACKED_BYTES = 1024 * 1024
"""Bytes of texts and profile that a picture keeps, unpacked; as much as Pillow allows for one of them."""


def without_large_texts(content: bytes) -> bytes:
    """Leave out of a PNG those texts that are large; and a large profile, with the gamma that it stands in for.

    Raises:
        UnsupportedMediaTypeError: it is of the kind that Apple's build tools make of PNGs.
        UnusableError: its samples are of high dynamic range.

    """
    if not content.startswith(_SIGNATURE) or not any(kind in content for kind in _LOOKED_FOR):
        return content
    kept, dropped, left, at = bytearray(_SIGNATURE), set[bytes](), _MAX_UNPACKED_BYTES, len(_SIGNATURE)
    gamma = slice(0, 0)
    may_unpack = True
    while at < len(content):
        kind, end = content[at + 4 : at + 8], at + 12 + int.from_bytes(content[at : at + 4])
        if kind == _APPLE:
            raise UnsupportedMediaTypeError(
                "the file is a PNG as Apple's build tools rewrite it for apps (CgBI), which other programs cannot "
                "read; send the picture that it was made from"
            )
        if kind == _CODE_POINTS:
            formats.refuse_high_dynamic_range(content[at + 9 : at + 10])
        elif kind == _GAMMA:
            gamma = slice(len(kept), len(kept) + end - at)
        elif kind == _PROFILE or kind in _TEXTS:
            data = content[at + 8 : end - 4]
            packed = _packed(kind, data)
            # Of many that are large, the first has cost enough.
            size = len(data) if packed is None else _unpacked_size(packed, left) if may_unpack else left + 1
            if size > left:
                may_unpack = may_unpack and packed is None
                dropped.add(kind)
                at = end
                continue
            left -= size
        kept += content[at:end]
        at = end
    if _PROFILE in dropped:
        del kept[gamma]
    return bytes(kept) if dropped else content


def _packed(kind: bytes, data: bytes) -> bytes | None:
    """The compressed part of a text or profile; None where it is not compressed."""
    after_name = data.partition(b"\0")[2]
    if kind in (b"zTXt", _PROFILE):
        return after_name[1:]
    if kind == b"iTXt" and after_name[:1] == b"\1":
        return after_name[2:].split(b"\0", 2)[-1]
    return None


def _unpacked_size(packed: bytes, limit: int) -> int:
    """Count the bytes of what was compressed, no further than one over the limit."""
    try:
        return len(zlib.decompressobj().decompress(packed, limit + 1))
    except zlib.error:  # for Pillow to judge
        return len(packed)
