"""What stands beside the pixels of a PNG: what is left out before Pillow opens it, and which kinds are refused.

Pillow unpacks every text and profile when it opens a PNG, and refuses the whole picture for a large one. Programs that
edit, generate or sign pictures write such texts, and a picture is no worse for them. Pillow also takes chunks that the
standard has decoders ignore: those of wrong length, repeated ones, and those behind the pixels.

Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", sections 4.3, 5.6, 11.3.2, 11.3.3 and
13.13; transfer characteristics are those of ITU-T H.273, table 3.
"""

import zlib

from service.errors import UnsupportedMediaTypeError, UnusableError
from service.inputs import formats

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DATA, _PROFILE, _GAMMA, _CODE_POINTS, _SRGB, _APPLE = b"IDAT", b"iCCP", b"gAMA", b"cICP", b"sRGB", b"CgBI"
_PALETTE, _TRANSPARENCY = b"PLTE", b"tRNS"
_COLOUR_TYPE, _OF_PALETTE = slice(25, 26), b"\3"
_LENGTHS = {_GAMMA: 4, _CODE_POINTS: 4, _SRGB: 1}
_ONCE_BEFORE_DATA = frozenset([_PROFILE, _GAMMA, _CODE_POINTS, _SRGB, _TRANSPARENCY])
_BEFORE_GAMMA = frozenset([_PROFILE, _CODE_POINTS, _SRGB])
"""Kinds that say how samples are meant, whatever the gamma says."""
_UNSPECIFIED = (0, 2, 3)
"""Transfer characteristics that say nothing."""
_TEXTS = frozenset([b"tEXt", b"zTXt", b"iTXt"])
_NAMES_OF_PILLOW = frozenset([b"transparency", b"gamma", b"bbox", b"default_image"])
"""Pillow keeps values of other chunks under these names; a text of such a name would overwrite them."""

_MAX_UNPACKED_BYTES = 1024 * 1024
"""Bytes of texts and profile that a picture keeps, unpacked; as much as Pillow allows for one of them."""
_MAX_CHUNKS = 20_000
"""At the usual 8 KB each this is 160 MB; a million empty ones would take seconds to walk through."""
_GAMMAS = range(10_000, 1_000_001)
"""In 100,000ths. Beyond these the chunk is damaged: nothing stores samples so."""


def without_ignored_chunks(content: bytes) -> bytes:
    """Leave out of a PNG what decoders are to ignore: what is large, out of place, or overruled by another chunk.

    Raises:
        UnsupportedMediaTypeError: it is a PNG as Apple's build tools write it.
        UnusableError: its samples are of high dynamic range or of a gamma that no picture has, or it is in too many
            chunks.

    """
    if not content.startswith(_SIGNATURE):
        return content
    view, left, at, count = memoryview(content), _MAX_UNPACKED_BYTES, len(_SIGNATURE), 0
    kept: list[memoryview] = []
    gamma: memoryview | None = None
    seen, may_unpack = set[bytes](), True
    while at < len(content):
        kind, end = content[at + 4 : at + 8], at + 12 + int.from_bytes(content[at : at + 4])
        chunk, at = view[at:end], end
        data = chunk[8:-4]
        count += 1
        if count > _MAX_CHUNKS:
            raise UnusableError(f"the PNG has more than {_MAX_CHUNKS:,} chunks; save it anew")
        if kind == _APPLE:
            raise UnsupportedMediaTypeError(
                "the file is a PNG as Apple's build tools rewrite it for apps (CgBI), which other programs cannot "
                "read; send the picture that it was made from"
            )
        if kind in _ONCE_BEFORE_DATA and (kind in seen or _DATA in seen or not _is_valid(kind, data)):
            continue
        if kind == _TRANSPARENCY and content[_COLOUR_TYPE] == _OF_PALETTE and _PALETTE not in seen:
            continue
        if kind == _PROFILE or kind in _TEXTS:
            text = bytes(data)
            packed = _packed(kind, text)
            # Once one was too large, further ones are not unpacked.
            size = len(text) if packed is None else _unpacked_size(packed, left) if may_unpack else left + 1
            if size > left:
                may_unpack = may_unpack and packed is None
                seen.add(kind)
                continue
            left -= size
            if kind in _TEXTS and text.partition(b"\0")[0] in _NAMES_OF_PILLOW:
                continue
            if kind == _PROFILE and not _is_profile(packed):
                continue
        seen.add(kind)
        if kind == _CODE_POINTS:
            formats.refuse_high_dynamic_range(bytes(data[1:2]))
        elif kind == _GAMMA:
            gamma = chunk
        kept.append(chunk)
    if seen & _BEFORE_GAMMA:
        kept = [chunk for chunk in kept if chunk is not gamma]
    elif gamma:
        _require_gamma(int.from_bytes(gamma[8:12]))
    return content if len(kept) == count else b"".join([_SIGNATURE, *kept])


def _is_valid(kind: bytes, data: memoryview) -> bool:
    """Tell whether a chunk has its length, and code points that are specified."""
    if kind == _CODE_POINTS and len(data) > 1 and data[1] in _UNSPECIFIED:
        return False
    return len(data) == _LENGTHS.get(kind, len(data))


def _require_gamma(hundred_thousandths: int) -> None:
    """Require a gamma that pictures have, or 0, which says nothing.

    Raises:
        UnusableError: it is another one.

    """
    if hundred_thousandths and hundred_thousandths not in _GAMMAS:
        raise UnusableError(
            f"the PNG says that its samples were stored with a gamma of {hundred_thousandths / 100_000:.5f} (gAMA), "
            "which no camera or program uses; save it again without the gAMA chunk"
        )


def _is_profile(packed: bytes | None) -> bool:
    """Tell a colour profile by its signature; source: ISO 15076-1, section 7.2.11."""
    try:
        return zlib.decompressobj().decompress(packed or b"", 128)[36:40] == b"acsp"
    except zlib.error:
        return False


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
