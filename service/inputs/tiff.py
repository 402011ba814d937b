"""What a TIFF holds, by its tags: which kinds are read as they are meant, and why another is refused.

Pillow opens some kinds that it misreads, and says of others only that they are none. So a TIFF is read if its tags are
of a kind whose reading was compared with another program's, and every refusal names the tag that is the reason.

Source: Adobe, "TIFF Revision 6.0" (1992), section 8; Adobe, "TIFF Technical Note 2" and "TIFF Supplements".
"""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from PIL import ImagePalette, TiffImagePlugin

from service.errors import UnusableError
from service.inputs.formats import several_frames

BITS, COMPRESSION, PHOTOMETRIC, COLOUR_MAP = 258, 259, 262, 320
_SUBFILE, _OLD_SUBFILE, _SUB_DIRECTORIES, _INK_SET, _SAMPLE_FORMAT, _DNG_VERSION = 254, 255, 330, 332, 339, 50706
_EXTRA_SAMPLES, _SAMPLES, _PLANES, _IMAGE_DEPTH = 338, 277, 284, 32997
_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE, _MASK, _CMYK, _YCBCR = range(7)

_JPEG = 7
_COMPRESSIONS = {1, 2, 3, 4, 5, _JPEG, 8, 32773, 32946, 34925, 50000}
_NAMES_OF_COMPRESSIONS = {
    6: "old-style JPEG",
    9: "JBIG",
    10: "JBIG",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34712: "JPEG 2000",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG of a raw file",
    34933: "PNG",
    34934: "JPEG XR",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_NAMES_OF_COLOURS = {
    _MASK: "a transparency mask",
    8: "CIE L*a*b* colours",
    9: "ICC L*a*b* colours",
    10: "ITU L*a*b* colours",
    32803: "a camera's raw samples",
    32844: "LogL samples",
    32845: "LogLuv samples",
    34892: "a camera's raw samples",
}
_NAMES_OF_FORMATS = {2: "signed integers", 3: "floating-point numbers", 4: "of no stated kind", 5: "complex integers"}
_DEPTHS: dict[int, set[int]] = {
    _MIN_IS_WHITE: {1, 2, 4, 8, 16},
    _MIN_IS_BLACK: {1, 2, 4, 8, 12, 16},
    _RGB: {8, 16},
    _PALETTE: {1, 2, 4, 8},
    _CMYK: {8, 16},
    _YCBCR: {8},
}
_MAX_DIRECTORIES = 64

TiffImagePlugin.READ_LIBTIFF = True  # Pillow's own way misreads planes of 16 bits and subsampled YCbCr

Tags = Mapping[int, Any]


def select_frame(image: TiffImagePlugin.TiffImageFile, content: bytes) -> None:
    """Go to the one directory that holds the picture: thumbnails and overviews beside it are none.

    Raises:
        UnusableError: there are several pictures, or a mask to one.

    """
    whole: list[int] = []
    for index, (subfile, old_subfile) in enumerate(_subfiles(content)):
        if subfile & 4:
            raise UnusableError(f"the TIFF has a transparency mask of its own; {_ADVICE}")
        if not subfile & 1 and old_subfile != 2:
            whole.append(index)
        if len(whole) > 1 or index == _MAX_DIRECTORIES:
            raise several_frames()
    if whole and whole[0] != image.tell():
        image.seek(whole[0])


def require_known(tags: Tags) -> None:
    """Require that a TIFF is of a kind that is read as it is meant.

    Raises:
        UnusableError: it is not; the message names what is unusual.

    """
    reason = _unusual(tags)
    if reason is not None:
        raise UnusableError(f"the TIFF {reason}; {_ADVICE}")


def require_known_content(content: bytes) -> None:
    """``require_known`` of a file that Pillow did not open, as far as its tags can be read.

    Raises:
        UnusableError: as there.

    """
    stream = BytesIO(content)
    header = stream.read(16 if content[2:3] == b"+" else 8)
    tags = TiffImagePlugin.ImageFileDirectory_v2(header)
    stream.seek(tags.next)
    tags.load(stream)
    require_known(tags)
    bits = _numbers(tags, BITS, 1)
    count = _number(tags, _SAMPLES, len(bits))
    if TiffImagePlugin.IMAGEWIDTH in tags and TiffImagePlugin.IMAGELENGTH in tags:
        described = (
            f"{count} sample{'s' if count != 1 else ''} of {' and '.join(map(str, sorted(set(bits))))} bits a pixel"
        )
        extra = _numbers(tags, _EXTRA_SAMPLES, 0) if _EXTRA_SAMPLES in tags else ()
        more = f", {len(extra)} of them extra" if extra else ""
        raise UnusableError(f"the TIFF has {described}{more}, laid out as this service does not read; {_ADVICE}")


def mend_palette(image: TiffImagePlugin.TiffImageFile) -> None:
    """Take a palette of 8 bits for what it is, as libtiff's tools do: the specification has 16."""
    levels = image.tag_v2.get(COLOUR_MAP, ())
    if image.mode in ("P", "PA") and max(levels) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(levels))


def _unusual(tags: Tags) -> str | None:
    """Say what of a TIFF's tags is of a kind that is not read."""
    if _DNG_VERSION in tags:
        return "is a camera's raw file (DNG); develop it, and send the JPEG"
    if PHOTOMETRIC not in tags:
        return "does not say what its samples mean (PhotometricInterpretation is missing)"
    colours = _number(tags, PHOTOMETRIC, _MIN_IS_WHITE)
    if colours not in _DEPTHS:
        return (
            f"has {_NAMES_OF_COLOURS.get(colours, f'colours of the kind {colours}')}, not grey, RGB, CMYK or a palette"
        )
    compression = _number(tags, COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        name = _NAMES_OF_COMPRESSIONS.get(compression, f"method {compression}")
        return f"is compressed by {name}, which this service has no decoder for"
    if _is_preview(tags):
        return "has only a preview for its picture, as a camera's raw files do"
    bits = _numbers(tags, BITS, 1)
    widths = " and ".join(map(str, sorted(set(bits))))
    formats = set(_numbers(tags, _SAMPLE_FORMAT, 1))
    if formats != {1}:
        named = " and ".join(_NAMES_OF_FORMATS.get(kind, f"of the kind {kind}") for kind in sorted(formats - {1}))
        return f"has samples of {widths} bits that are {named}, of no stated range"
    if len(set(bits)) > 1:
        return f"has samples of {widths} bits side by side"
    if bits[0] not in _DEPTHS[colours] or (bits[0] == 12 and compression == _JPEG):
        return f"has samples of {widths} bits, of no stated range" if bits[0] >= 32 else f"has samples of {widths} bits"
    if colours == _CMYK and _number(tags, _INK_SET, 1) != 1:
        return "has inks other than cyan, magenta, yellow and black"
    has_alpha = bool({1, 2} & set(_numbers(tags, _EXTRA_SAMPLES, 0)))
    if has_alpha and _number(tags, _PLANES, 1) != 1 and colours not in (_RGB, _CMYK):
        return "has its transparency in a plane of its own, beside grey or a palette"
    if _number(tags, _IMAGE_DEPTH, 1) != 1:
        return "is a volume of several slices (ImageDepth), of which none is said to be the picture"
    return None


def _is_preview(tags: Tags) -> bool:
    return bool(_number(tags, _SUBFILE, 0) & 1) and _SUB_DIRECTORIES in tags


def _numbers(tags: Tags, tag: int, default: int) -> tuple[int, ...]:
    """The whole numbers of a tag; of what holds no such, one that fits nothing."""
    values = tags.get(tag, default)
    values = values if isinstance(values, tuple) else (values,)
    return tuple(value if isinstance(value, int) else -1 for value in values) or (-1,)


def _number(tags: Tags, tag: int, default: int) -> int:
    return _numbers(tags, tag, default)[0]


def _subfiles(content: bytes) -> Iterator[tuple[int, int]]:
    """Walk the directories: of each the tags NewSubfileType and SubfileType, 0 where there is none."""
    order: Any = "little" if content[:2] == b"II" else "big"
    big = 43 in content[2:4]
    count_size, entry_size, offset_size = (8, 20, 8) if big else (2, 12, 4)

    def number(at: int, size: int) -> int:
        return int.from_bytes(content[at : at + size], order)

    at, seen = number(8 if big else 4, offset_size), set[int]()
    while at and at not in seen and at < len(content):
        seen.add(at)
        first = at + count_size
        count = number(at, count_size)
        found = {}
        # Entries are sorted by tag, and these are the two lowest.
        for entry in range(first, min(first + 2 * entry_size, first + count * entry_size), entry_size):
            tag, kind = number(entry, 2), number(entry + 2, 2)
            found[tag] = number(entry + entry_size - offset_size, 2 if kind == 3 else 4)
        yield found.get(_SUBFILE, 0), found.get(_OLD_SUBFILE, 0)
        at = number(first + count * entry_size, offset_size)


_ADVICE = "save it as PNG, or as a TIFF of 8 bits a sample"
