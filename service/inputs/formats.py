"""Picture formats told by their first bytes: which are read, and what to do with those that are not.

Sources: the signatures are those of each format's specification; of ISO media files (HEIC, AVIF, CR3) ISO/IEC 14496-12,
section 4.3, the ``ftyp`` box, and its registered brands (https://mp4ra.org).
"""

from PIL import features

from service.errors import UnsupportedMediaTypeError, UnusableError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", *(("AVIF",) if features.check("avif") else ()))
"""What is decoded; Pillow's other decoders are never tried on a request."""

_RASTER = "export it as PNG or JPEG"
_CAMERA_RAW = "a camera's raw file", "develop it, and send the JPEG"
_HEIC = (
    "an HEIC picture",
    "export it as JPEG (iPhone: Settings > Camera > Formats > Most Compatible, or share it as JPEG)",
)
_SVG = "an SVG drawing", _RASTER
_JPEG_XL = "a JPEG XL picture", "export it as PNG or JPEG"
_VIDEO = "a video", "send one of its frames as PNG or JPEG"

_SIGNATURES: dict[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"BM": "BMP",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
}
_OTHERS: dict[bytes, tuple[str, str]] = {
    b"MM\0+": ("a big-endian BigTIFF", "save it as PNG, or as an ordinary TIFF"),
    b"\xff\x0a": _JPEG_XL,
    b"\0\0\0\x0cJXL \r\n\x87\n": _JPEG_XL,
    b"\0\0\0\x0cjP  \r\n\x87\n": ("a JPEG 2000 picture", _RASTER),
    b"\xff\x4f\xff\x51": ("a JPEG 2000 picture", _RASTER),
    b"%PDF-": ("a PDF document", "export the page, or the picture in it, as PNG or JPEG"),
    b"%!PS": ("a PostScript document", _RASTER),
    b"\xc5\xd0\xd3\xc6": ("an EPS document", _RASTER),
    b"8BPS": ("a Photoshop document", "export it as PNG"),
    b"gimp xcf": ("a GIMP document", "export it as PNG"),
    b"\0\0\1\0": ("a Windows icon", "export it as PNG"),
    b"\0\0\2\0\0\0": ("a Targa picture", _RASTER),
    b"\0\0\2\0": ("a Windows cursor", "export it as PNG"),
    b"icns": ("an Apple icon", "export it as PNG"),
    b"qoif": ("a QOI picture", _RASTER),
    b"DDS ": ("a DirectDraw surface", _RASTER),
    b"\x76\x2f\x31\x01": ("an OpenEXR picture", _RASTER),
    b"#?RADIANCE": ("a Radiance HDR picture", _RASTER),
    b"SIMPLE  =": ("a FITS picture", _RASTER),
    b"BPG\xfb": ("a BPG picture", _RASTER),
    b"FLIF": ("a FLIF picture", _RASTER),
    b"AT&TFORM": ("a DjVu document", _RASTER),
    b"\xd7\xcd\xc6\x9a": ("a Windows metafile", _RASTER),
    b"FUJIFILMCCD-RAW": _CAMERA_RAW,
    b"IIRO": _CAMERA_RAW,
    b"IIRS": _CAMERA_RAW,
    b"MMOR": _CAMERA_RAW,
    b"IIU\0": _CAMERA_RAW,
    b"II\x1a\0\0\0HEAPCCDR": _CAMERA_RAW,
    b"FOVb": _CAMERA_RAW,
    b"\0MRM": _CAMERA_RAW,
    b"II\xbc\1": ("a JPEG XR picture", _RASTER),
    b"PK\x03\x04": ("a ZIP archive", "unpack it, and send one picture"),
    b"\x1f\x8b": ("compressed with gzip", "send it uncompressed"),
    b"\x93NUMPY": ("a NumPy array", "post it to /invocations as application/x-npy"),
    b"P1": ("a Netpbm picture", _RASTER),
    b"P2": ("a Netpbm picture", _RASTER),
    b"P3": ("a Netpbm picture", _RASTER),
    b"P4": ("a Netpbm picture", _RASTER),
    b"P5": ("a Netpbm picture", _RASTER),
    b"P6": ("a Netpbm picture", _RASTER),
    b"P7": ("a Netpbm picture", _RASTER),
}
_HEIC_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"])
_FOREIGN_TYPES = {"image/heic": _HEIC, "image/heif": _HEIC, "image/svg+xml": _SVG}
"""Content types of what phones and designers send, and is not read."""
_AVIF_BRANDS = frozenset([b"avif", b"avis"])
_HEAD_BYTES = 512
_JPEG_LS_FRAME = 0xF7
_JPEG_TABLES = (0xC4, 0xC8, 0xCC)
"""Markers between those of frames that begin none: Huffman tables, an extension, arithmetic conditioning."""
_XML_STARTS = (b"<?xml", b"<!--", b"<!doctype svg", b"<svg")


def named(content: bytes) -> str | None:
    """Give the one of ``FORMATS`` that a file's first bytes promise, or AVIF; None where they promise another."""
    for signature, name in _SIGNATURES.items():
        if content.startswith(signature):
            return name
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    return "AVIF" if _brands(content) & _AVIF_BRANDS else None


def foreign(content: bytes) -> tuple[str, str] | None:
    """Say what a file is that is not read, and what to do: "an SVG drawing", "export it as PNG".

    None where the first bytes are of no format that is known here, or of one that is read.
    """
    brands = _brands(content)
    if brands & _AVIF_BRANDS:
        return None if "AVIF" in FORMATS else ("an AVIF picture", _RASTER)
    if brands & _HEIC_BRANDS or brands & {b"mif1", b"msf1"}:
        return _HEIC
    if brands:
        return _CAMERA_RAW if b"crx " in brands else _VIDEO
    if named(content) is not None:
        return None
    head = content[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith(_XML_STARTS) and b"<svg" in content[: 16 * _HEAD_BYTES].lower():
        return _SVG
    if head.startswith((b"<!doctype html", b"<html")):
        return "an HTML page", "send the picture it shows"
    if head.startswith(b"data:image/"):
        return "a data: URL", 'send it as application/json {"image": "data:…"}, or decoded'
    if content[:1] == b"P" and content[1:2].isdigit() and not content[2:3].isspace():
        return None
    return next((what for signature, what in _OTHERS.items() if content.startswith(signature)), None)


def foreign_picture(what: str, advice: str) -> UnsupportedMediaTypeError:
    """The error for a picture that ``foreign`` has named."""
    return UnsupportedMediaTypeError(f"the file is {what}, and this service reads {', '.join(FORMATS)}; {advice}")


def refuse_foreign_type(declared: str) -> None:
    """Raise ``UnsupportedMediaTypeError``, with what to do, if a content type is a usual picture's that is not read."""
    if declared in _FOREIGN_TYPES:
        raise foreign_picture(*_FOREIGN_TYPES[declared])


def refuse_high_dynamic_range(transfer: bytes) -> None:
    """Refuse samples that a display for high dynamic range was meant for: read as others are, they come out flat.

    Args:
        transfer: the transfer characteristics' code point (ITU-T H.273, table 3).

    Raises:
        UnusableError: it is one of those.

    """
    name = {b"\x08": "linear", b"\x10": "PQ", b"\x12": "HLG"}.get(transfer)
    if name is not None:
        raise UnusableError(
            f"the picture's samples are of high dynamic range ({name}); export it for standard dynamic range (SDR)"
        )


def refuse_rare_jpeg(content: bytes) -> None:
    """Refuse a JPEG of a kind that is not decoded, by its frame's header.

    Source: ITU-T T.81, table B.1 and section B.2.2; ITU-T T.87 (JPEG-LS), section C.1.

    Raises:
        UnusableError: it is of such a kind; the message names it.

    """
    if not content.startswith(b"\xff\xd8\xff"):
        return
    at = 2
    while len(content) > at + 4 and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if marker == _JPEG_LS_FRAME or (0xC0 <= marker <= 0xCF and marker not in _JPEG_TABLES):
            if kind := _rare_jpeg(marker, bits=content[at + 4]):
                raise UnusableError(
                    f"the JPEG {kind}, which this service does not read; save it again with 8 bits a sample"
                )
            return
        at += 2 + length


def _rare_jpeg(marker: int, *, bits: int) -> str | None:
    """Say what a frame is that is not decoded, by its marker and its bits a sample."""
    if marker == _JPEG_LS_FRAME:
        return "is a JPEG-LS"
    if bits != 8:
        return f"has {bits} bits a sample"
    return "is a hierarchical JPEG" if marker & 3 and marker & 4 else None


def several_frames() -> UnusableError:
    """The error for a picture of several frames, in whatever format."""
    return UnusableError("the picture has several frames; send the one to classify, as a still picture")


def _brands(content: bytes) -> frozenset[bytes]:
    """The brands of an ISO media file; none where it is no such file."""
    if content[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(content[:4]), _HEAD_BYTES)
    return frozenset([content[8:12], *(content[at : at + 4] for at in range(16, end, 4))])
