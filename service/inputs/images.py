"""From the bytes of a picture to the 28×28 grey pixels a model sees.

Two ways, and the response says which was taken:

``dataset``
    A 28×28 grey picture is one of the dataset's own kind (light garment on black) and stays as it is.
``photo``
    Anything else is converted as the dataset's product photos were: ``service/inputs/conversion.py``.
"""

import base64
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401 (the decoders: see ``preinit``)

from service.arrays import SIZE
from service.errors import MalformedError, TooLargeError, UnusableError
from service.http import offload
from service.inputs import plain_png
from service.inputs.conversion import WORKING_EDGE, Grey, convert

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What is decoded; Pillow's other decoders are never tried on a request."""

# A picture of more bytes or pixels takes milliseconds to read, and is read off the event loop.
_LARGE_BYTES = 8 * 1024
_LARGE_PIXELS = 512 * 512
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

Image.preinit()  # the other decoders: the first pictures would look for them, and may find no descriptor left
# What Pillow has to say about odd files is said to their senders, not to the log.
warnings.filterwarnings("ignore", module="PIL")

Mode = Literal["auto", "dataset", "photo"]


@dataclass(frozen=True)
class ModelInput:
    """What a model sees, and how it came about.

    Attributes:
        pixels: float32 (1, 28, 28, 1) in 0…1, 0 is background.
        mode: which of the two ways was taken.
        inverted: whether light and dark were swapped.
        box: left, top, right, bottom of the garment in the upright picture's pixels; None for ``dataset``.

    """

    pixels: npt.NDArray[np.float32]
    mode: Literal["dataset", "photo"]
    inverted: bool = False
    box: tuple[int, int, int, int] | None = None

    def as_png(self) -> str:
        """Give the pixels back as a picture: a data: URL of a grey PNG, 28×28."""
        content = BytesIO()
        grey = np.round(self.pixels[0, ..., 0] * 255).astype(np.uint8)
        Image.fromarray(grey).save(content, "PNG")
        return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


async def preprocess(content: bytes, mode: Mode, *, max_pixels: int) -> ModelInput:
    """Turn a picture file into what the models see; a large one is read off the event loop.

    Raises:
        MalformedError: not a picture in one of ``FORMATS``, or one that cannot be decoded.
        TooLargeError: more than ``max_pixels`` pixels.
        UnusableError: several frames, 32-bit samples, nothing on its background, or ``mode`` is ``dataset`` and
            it is not 28×28 and grey.

    """
    if len(content) > _LARGE_BYTES or content.startswith(b"GIF"):  # whose frames are made when it is opened
        return await offload.run(preprocess_sync, content, mode, max_pixels)
    if mode != "photo" and (grey := plain_png.read(content)) is not None:
        return _of_dataset(grey)
    image = _open(content, max_pixels)
    if image.width * image.height > _LARGE_PIXELS:
        return await offload.run(_preprocess, image, mode)
    return _preprocess(image, mode)


def preprocess_sync(content: bytes, mode: Mode, max_pixels: int) -> ModelInput:
    """Turn a picture file into what the models see; errors as ``preprocess``."""
    return _preprocess(_open(content, max_pixels), mode)


def _open(content: bytes, max_pixels: int) -> Image.Image:
    """Read a picture's header and check what can be checked without decoding it."""
    if not content:
        raise MalformedError("the image is empty (0 bytes)")
    # Pillow refuses twice as many before it makes a GIF's frame, which could be of 4 GB, of a file of 37 bytes. It asks
    # the same of all that it draws, so that this is never so small that it would matter there.
    Image.MAX_IMAGE_PIXELS = max(_DRAWN_PIXELS, (max_pixels + 1) // 2)
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
        animated = getattr(image, "is_animated", False) and image.format != "MPO"  # MPO: a photo and its thumbnails
        # A TIFF may promise few pixels in tiles of many.
        tags = getattr(image, "tag_v2", {})
        pixels = max(image.width * image.height, int(tags.get(_TILE_WIDTH_TAG, 0)) * int(tags.get(_TILE_LENGTH_TAG, 0)))
    except MemoryError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(max_pixels) from error
    except Exception as error:  # Pillow's decoders raise errors of many kinds on hostile bytes
        raise MalformedError(
            f"the {len(content):,} bytes are not a picture that can be read; send one of: {', '.join(FORMATS)}"
        ) from error
    if pixels > max_pixels:
        raise _too_large(max_pixels)
    if animated:
        raise UnusableError("the picture has several frames; send the one to classify, as a still picture")
    return image


def _too_large(max_pixels: int) -> TooLargeError:
    return TooLargeError(
        f"the picture has more than {max_pixels:,} pixels, the most this service takes; scale it down (28×28 is all "
        "the models see), or start the service with a larger SERVICE_MAX_PIXELS"
    )


def _preprocess(image: Image.Image, mode: Mode) -> ModelInput:
    upright, size = _decode(image)
    if mode != "photo":
        grey = _dataset_grey(upright)
        if grey is not None:
            return _of_dataset(grey)
        if mode == "dataset":
            raise UnusableError(
                "preprocess=dataset takes 28×28 grey pictures as they are, and this one is "
                f"{size[0]}×{size[1]} {image.mode}; let preprocess=photo convert it"
            )
    return _convert_photo(upright, size)


def _decode(image: Image.Image) -> tuple[Image.Image, tuple[int, int]]:
    """Read the pixels, 8 bits a sample and upright, of a large picture fewer; and how large it was, upright."""
    size = image.size
    if image.mode in ("I", "F"):
        raise UnusableError("the picture's samples have 32 bits, of no stated range; send 8 or 16 bits a sample")
    try:
        image.draft(None, (WORKING_EDGE, WORKING_EDGE))  # a JPEG is decoded no larger than it must be
        image.load()
        orientation = _orientation(image)
        upright = _shrunk(_eight_bit(image))
    except MemoryError:
        raise
    except Exception as error:  # as in ``_open``; a palette that is missing or too long shows when it is applied
        raise MalformedError(f"the {image.format} picture is truncated or corrupt ({error})") from error
    if orientation in _TRANSPOSITIONS:
        upright = upright.transpose(_TRANSPOSITIONS[orientation])
        size = size if orientation < 5 else size[::-1]
    return upright, size


def _orientation(image: Image.Image) -> int:
    """How the camera was held (EXIF); 1, upright, where that cannot be read."""
    if image.format == "PNG" and not image.info:
        return 1  # no text, no EXIF: nothing to look through
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # the tags are bytes from a stranger; the picture itself has been decoded
        return 1


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring samples to 8 bits, and transparency to an alpha channel: modes L, LA, RGB and RGBA."""
    if image.mode.startswith("I;16"):
        samples = np.asarray(image).astype(np.uint16)
        grey = Image.fromarray((samples >> 8).astype(np.uint8))
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


def _shrunk(image: Image.Image) -> Image.Image:
    """Scale a large picture down by averaging, so that what is done to it costs what a small one costs."""
    factor = max(image.size) // WORKING_EDGE
    return image.reduce(factor) if factor > 1 else image


def _dataset_grey(image: Image.Image) -> Grey | None:
    """The picture as uint8 (28, 28) if it is 28×28 and grey; transparent pixels are background, so black."""
    if image.size != (SIZE, SIZE):
        return None
    if image.mode == "L":
        return np.asarray(image)
    colour = np.asarray(_on_background(image, 0))
    grey: Grey = colour[..., 0]
    return grey if (colour == grey[..., np.newaxis]).all() else None


def _of_dataset(grey: Grey) -> ModelInput:
    if (grey == grey[0, 0]).all():
        raise UnusableError("the picture is blank: all its pixels are the same")
    return ModelInput(_to_pixels(grey), "dataset")


def _convert_photo(image: Image.Image, size: tuple[int, int]) -> ModelInput:
    """Convert an upright picture, which had ``size`` pixels before it was scaled down."""
    found = convert(image)
    horizontal, vertical = size[0] / image.width, size[1] / image.height
    left, top, right, bottom = found.box
    original = (round(left * horizontal), round(top * vertical), round(right * horizontal), round(bottom * vertical))
    return ModelInput(_to_pixels(found.grey), "photo", found.inverted, original)


def _on_background(image: Image.Image, level: int) -> Image.Image:
    """Flatten transparency onto a grey level; returns RGB."""
    if image.mode not in ("LA", "RGBA"):
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, (level, level, level, 255)), layer).convert("RGB")


def _to_pixels(grey: Grey) -> npt.NDArray[np.float32]:
    return (grey.astype(np.float32) / np.float32(255)).reshape(1, SIZE, SIZE, 1)
