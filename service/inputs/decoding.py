"""From the bytes of a picture file to upright 8-bit samples: modes L, LA, RGB and RGBA.

Every kind of file is read as it is meant, or refused with the reason: what depends on the format, of TIFFs above all,
is in ``formats.py`` and ``tiff.py``.
"""

import warnings
from io import BytesIO

import numpy as np
from PIL import (  # (the decoders that ``preinit`` leaves out)
    AvifImagePlugin,
    BmpImagePlugin,
    Image,
    MpoImagePlugin,  # noqa: F401
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from service.errors import MalformedError, ServiceError, TooLargeError, UnusableError
from service.inputs import avif, formats, png_chunks, tiff
from service.inputs.dataset_conversion import WORKING_EDGE, Box
from service.inputs.formats import FORMATS

_DRAWN_PIXELS = 25_000_000  # more than the service ever draws
_ORIENTATION_TAG, _TILE_WIDTH_TAG, _TILE_LENGTH_TAG = 0x0112, 322, 323
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PNG_DEPTH_AT = 24
# A PNG's gamma times that of a display; 1 is how all others are meant. Less of a difference does not show.
_DISPLAY_GAMMA, _LEAST_GAMMA = 2.2, 0.05

Image.preinit()  # the other decoders: the first pictures would look for them, and may find no descriptor left
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # large work takes its turn on one thread, as all decoders do
# What Pillow has to say about odd files is said to their senders, not to the log.
warnings.filterwarnings("ignore", module="PIL")


def open_picture(content: bytes, max_pixels: int) -> Image.Image:
    """Read a picture's header and check what can be checked without decoding it.

    Raises:
        MalformedError: not a picture in one of ``FORMATS``.
        UnsupportedMediaTypeError: one in another format.
        TooLargeError: more than ``max_pixels`` pixels.
        UnusableError: several frames, or of a kind whose samples are not read.

    """
    if not content:
        raise MalformedError("the image is empty (0 bytes)")
    formats.refuse_rare_jpeg(content)
    content = png_chunks.without_ignored_chunks(content)
    # Pillow refuses twice as many before it makes a GIF's frame, which could be of 4 GB, of a file of 37 bytes. It asks
    # the same of all that it draws, so that this is never so small that it would matter there.
    Image.MAX_IMAGE_PIXELS = max(_DRAWN_PIXELS, (max_pixels + 1) // 2)
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
        _check_frames(image, content)
        # A TIFF may promise few pixels in tiles of many.
        tags = getattr(image, "tag_v2", {})
        pixels = max(image.width * image.height, int(tags.get(_TILE_WIDTH_TAG, 0)) * int(tags.get(_TILE_LENGTH_TAG, 0)))
    except (MemoryError, ServiceError):
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(max_pixels) from error
    except Exception as error:  # Pillow's decoders raise errors of many kinds on hostile bytes
        raise _not_opened(content, error) from error
    if pixels > max_pixels:
        raise _too_large(max_pixels)
    if isinstance(image, BmpImagePlugin.BmpImageFile):
        _check_bmp(image, content)
    if image.format == "AVIF":
        avif.require_known(content)
    if image.format == "PNG" and "transparency" in image.info:
        _scale_transparent_colour(image, content[_PNG_DEPTH_AT])
    return image


def decode(image: Image.Image, box: Box | None = None) -> tuple[Image.Image, tuple[int, int]]:
    """Read the pixels, 8 bits a sample and upright, of a large picture fewer; and how large it was, upright.

    Args:
        image: as ``open_picture`` gives it.
        box: left, top, right, bottom, in the upright picture's pixels: what is read of it; all where not given.

    Raises:
        MalformedError: the file is cut off or broken.
        UnusableError: the box reaches outside the picture.

    """
    size = image.size
    try:
        # A JPEG is decoded no larger than it must be.
        image.draft(None, _needed(size, box) if box else (WORKING_EDGE, WORKING_EDGE))
        depth, is_negative = _sixteen_bit_layout(image)
        colours = _palette_size(image)
        image.load()
        if colours is not None:
            _require_colours(image, colours)
        orientation = _orientation(image)
        upright = _eight_bit(image, depth, is_negative=is_negative)
        if box is None:
            upright = _shrunk(upright)
        if orientation in _TRANSPOSITIONS:
            upright = upright.transpose(_TRANSPOSITIONS[orientation])
            size = size if orientation < 5 else size[::-1]
        if box is not None:
            upright = _shrunk(_cut(upright, size, box))
        upright = _without_gamma(upright, image.info)
    except (MemoryError, ServiceError):
        raise
    except Exception as error:  # as in ``open_picture``; a palette that is missing or too long shows when it is applied
        raise MalformedError(f"the {image.format} picture is truncated or corrupt ({error})") from error
    return upright, size


def _needed(size: tuple[int, int], box: Box) -> tuple[int, int]:
    """Say how large a picture must be decoded so that what is in its box is as large as a whole picture would be."""
    share = min(1.0, WORKING_EDGE / min(box[2] - box[0], box[3] - box[1]))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _cut(upright: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """Cut a picture, which had ``size`` pixels before it was decoded smaller, to a box in those."""
    if box[2] > size[0] or box[3] > size[1]:
        raise UnusableError(
            f"box={','.join(map(str, box))} reaches outside the picture, which is {size[0]}×{size[1]} pixels upright; "
            "give left,top,right,bottom inside it"
        )
    if upright.size == size:
        return upright.crop(box)
    horizontal, vertical = upright.width / size[0], upright.height / size[1]
    left, top = int(box[0] * horizontal), int(box[1] * vertical)
    right, bottom = max(left + 1, round(box[2] * horizontal)), max(top + 1, round(box[3] * vertical))
    return upright.crop((left, top, right, bottom))


def _too_large(max_pixels: int) -> TooLargeError:
    return TooLargeError(
        f"the picture has more than {max_pixels:,} pixels, the most this service takes; scale it down (28×28 is all "
        "the models see), or start the service with a larger SERVICE_MAX_PIXELS"
    )


def _not_opened(content: bytes, error: Exception) -> ServiceError:
    """Say why a file was not opened, as far as its first bytes and tags tell."""
    found = formats.foreign(content)
    if found is not None:
        return formats.foreign_picture(*found)
    name = formats.named(content)
    if name is None:
        return MalformedError(
            f"the {len(content):,} bytes are not a picture that can be read; send one of: {', '.join(FORMATS)}"
        )
    if name == "TIFF":
        try:
            tiff.require_known_content(content)
        except ServiceError as reason:
            return reason
        except Exception as broken:  # as in ``open_picture``
            error = broken
    why = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
    return MalformedError(
        f"the file begins as a {name} picture but cannot be read{why}: it is truncated or corrupt, or of a rare kind; "
        "save it again as PNG"
    )


def _check_frames(image: Image.Image, content: bytes) -> None:
    """Require one frame, and of a TIFF that it is of a kind that is read as it is meant."""
    is_animated = getattr(image, "is_animated", False)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        if is_animated:
            tiff.select_frame(image, content)
        tiff.require_known(image.tag_v2)
        tiff.mend_palette(image)
    elif is_animated and image.format != "MPO":  # MPO: a photo and its thumbnails
        raise formats.several_frames()


def _check_bmp(image: BmpImagePlugin.BmpImageFile, content: bytes) -> None:
    """Refuse the BMPs whose grey palette makes Pillow take their indices for samples of another depth."""
    bits = int.from_bytes(content[24:26] if content[14] == 12 else content[28:30], "little")
    if (image.mode, bits) in (("1", 4), ("1", 8), ("L", 1), ("L", 4)):
        raise UnusableError(
            f"the BMP has {bits} bits a pixel and a palette of a few greys, which is not read; save it as PNG"
        )


def _scale_transparent_colour(image: Image.Image, depth: int) -> None:
    """Bring the colour that a PNG has transparent to 8 bits, as Pillow brings its samples."""
    transparent = image.info["transparency"]
    if image.mode == "L" and depth < 8:
        image.info["transparency"] = transparent * 255 // (2**depth - 1)
    elif image.mode == "RGB" and depth == 16:
        image.info["transparency"] = tuple(level >> 8 for level in transparent)


def _palette_size(image: Image.Image) -> int | None:
    """Count the colours of a file's palette, which Pillow fills up when it decodes; None where there is none."""
    if image.mode not in ("P", "PA") or image.palette is None:
        return None
    samples = (image.palette.rawmode or image.palette.mode).partition(";")[0]
    return len(image.palette.palette) // len(samples)


def _require_colours(image: Image.Image, count: int) -> None:
    """Require that a palette has every colour that is used; programs differ in what they show for one that is not."""
    used = max(level for level, pixels in enumerate(image.histogram()[:256], 1) if pixels)
    if used > count:
        raise MalformedError(
            f"the {image.format} picture is corrupt: it uses colour {used} of a palette of {count}; save it anew"
        )


def _sixteen_bit_layout(image: Image.Image) -> tuple[int, bool]:
    """How many of 16 bits are used, and whether 0 is white."""
    tags = getattr(image, "tag_v2", None)
    if tags is None or not image.mode.startswith("I;16"):
        return 16, False
    return tags[tiff.BITS][0], tags.get(tiff.PHOTOMETRIC, 0) == 0


def _orientation(image: Image.Image) -> int:
    """How the camera was held (EXIF); 1, upright, where that cannot be read."""
    if image.format == "PNG" and not image.info:
        return 1  # no text, no EXIF: nothing to look through
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # the tags are bytes from a stranger; the picture itself has been decoded
        return 1


def _eight_bit(image: Image.Image, depth: int, *, is_negative: bool) -> Image.Image:
    """Bring samples to 8 bits, and transparency to an alpha channel: modes L, LA, RGB and RGBA."""
    if image.mode.startswith("I;16"):
        samples = np.asarray(image).astype(np.uint16)
        eight = (samples >> (depth - 8)).astype(np.uint8)
        grey = Image.fromarray(255 - eight if is_negative else eight)
        hidden = image.info.get("transparency")
        if isinstance(hidden, int):
            grey.putalpha(Image.fromarray(np.where(samples == hidden, 0, 255).astype(np.uint8)))
        return grey
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode in ("L", "LA", "RGB", "RGBA") and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _without_gamma(image: Image.Image, info: dict[str | tuple[int, int], object]) -> Image.Image:
    """Undo the exponent that a PNG's samples were stored with, where it is not the usual one (gAMA).

    Source: W3C, "PNG Specification (Third Edition)", section 13.13.
    """
    gamma = info.get("gamma")
    if not isinstance(gamma, float) or gamma <= 0:
        return image
    exponent = 1 / (gamma * _DISPLAY_GAMMA)
    if abs(exponent - 1) < _LEAST_GAMMA:
        return image
    levels = [round(255 * (level / 255) ** exponent) for level in range(256)]
    alpha = list(range(256)) if image.mode.endswith("A") else []
    return image.point(levels * (len(image.getbands()) - bool(alpha)) + alpha)


def _shrunk(image: Image.Image) -> Image.Image:
    """Scale a large picture down by averaging, so that what is done to it costs what a small one costs."""
    factor = max(image.size) // WORKING_EDGE
    return image.reduce(factor) if factor > 1 else image
