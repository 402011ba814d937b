"""From the bytes of a picture to the 28×28 grey pixels a model sees.

Two ways, and the response says which was taken:

``dataset``
    A 28×28 grey picture is one of the dataset's own kind (light garment on black) and stays as it is.
``photo``
    Anything else goes through the conversion by which the dataset was made from product photos (Xiao, Rasul and
    Vollgraf 2017, figure 1): grey, cut to the garment, the longest edge scaled to 28, centred, and negated where the
    background is light, since the dataset's is black.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from service.errors import MalformedError, TooLargeError, UnusableError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What is decoded; Pillow's other decoders are never tried on a request."""

SIZE = 28
LARGE_PIXELS = 512 * 512
"""From here on decoding takes milliseconds, and belongs off the event loop."""

# Above it a pixel counts as garment: the difference from the background, of 255.
_FOREGROUND = 24
# A JPEG is decoded no larger than it must be to keep this many pixels along its edges.
_DRAFT = (SIZE * 16, SIZE * 16)

# ``open_image`` refuses large pictures itself, with a sentence and the service's own limit.
Image.MAX_IMAGE_PIXELS = None

Mode = Literal["auto", "dataset", "photo"]
Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Preprocessed:
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


def open_image(content: bytes, *, max_pixels: int) -> Image.Image:
    """Read a picture's header; its pixels are decoded by ``preprocess``.

    Raises:
        MalformedError: not a picture in one of ``FORMATS``.
        TooLargeError: more than ``max_pixels`` pixels.
        UnusableError: several frames.

    """
    if not content:
        raise MalformedError("the image is empty (0 bytes)")
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
        animated = getattr(image, "is_animated", False) and image.format != "MPO"  # MPO: a photo and its thumbnails
    except Exception as error:  # Pillow's decoders raise errors of many kinds on hostile bytes
        raise MalformedError(
            f"the {len(content):,} bytes are not a picture that can be read; send one of: {', '.join(FORMATS)}"
        ) from error
    if image.width * image.height > max_pixels:
        raise TooLargeError(
            f"the picture has {image.width}×{image.height} pixels, and {max_pixels:,} is the most this service takes; "
            "scale it down (28×28 is all the models see), or start the service with a larger SERVICE_MAX_PIXELS"
        )
    if animated:
        raise UnusableError("the picture has several frames; send the one to classify, as a still picture")
    return image


def preprocess(image: Image.Image, mode: Mode = "auto") -> Preprocessed:
    """Decode a picture and turn it into what the models see.

    Raises:
        MalformedError: the pixels cannot be decoded.
        UnusableError: ``mode`` is ``dataset`` and the picture is not 28×28 and grey, or its samples have 32 bits.

    """
    try:
        image.draft(None, _DRAFT)
        image.load()
    except Exception as error:  # as above
        raise MalformedError(f"the {image.format} picture is truncated or corrupt ({error})") from error
    image = ImageOps.exif_transpose(_eight_bit(image))
    if mode != "photo":
        grey = _dataset_grey(image)
        if grey is not None:
            return Preprocessed(_to_pixels(grey), "dataset")
        if mode == "dataset":
            raise UnusableError(
                "preprocess=dataset takes 28×28 grey pictures as they are, and this one is "
                f"{image.width}×{image.height} {image.mode}; let preprocess=photo convert it"
            )
    return _convert_photo(image)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring 1- and 16-bit samples to 8 bits."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise UnusableError("the picture's samples have 32 bits, of no stated range; send 8 or 16 bits a sample")
    return image.convert("L") if image.mode == "1" else image


def _dataset_grey(image: Image.Image) -> Grey | None:
    """The picture as uint8 (28, 28) if it is 28×28 and grey; transparent pixels are background, so black."""
    if image.size != (SIZE, SIZE):
        return None
    if image.mode == "L" and not image.has_transparency_data:
        return np.asarray(image)
    colour = np.asarray(_on_background(image, 0))
    grey: Grey = colour[..., 0]
    return grey if (colour == grey[..., np.newaxis]).all() else None


def _convert_photo(image: Image.Image) -> Preprocessed:
    grey = np.asarray(_on_background(image, 255).convert("L"))
    edges = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    background = int(np.median(edges))
    inverted = background > 127
    if inverted:
        grey, background = 255 - grey, 255 - background
    # The background becomes exactly 0, as in the dataset, and full white stays white.
    lifted = np.clip((grey.astype(np.float32) - background) * (255 / (255 - background)), 0, 255).astype(np.uint8)
    box = _foreground_box(lifted)
    cut = Image.fromarray(lifted).crop(box)
    scale = SIZE / max(cut.size)
    width, height = (max(1, round(edge * scale)) for edge in cut.size)
    canvas = Image.new("L", (SIZE, SIZE))
    canvas.paste(cut.resize((width, height), Image.Resampling.BOX), ((SIZE - width) // 2, (SIZE - height) // 2))
    return Preprocessed(_to_pixels(np.asarray(canvas)), "photo", inverted, box)


def _on_background(image: Image.Image, level: int) -> Image.Image:
    """Flatten transparency onto a grey level; returns RGB."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, (level, level, level, 255)), layer).convert("RGB")


def _foreground_box(grey: Grey) -> tuple[int, int, int, int]:
    """Bound what stands out from a background of 0; the whole picture where nothing does."""
    foreground = grey > _FOREGROUND
    rows, columns = np.flatnonzero(foreground.any(axis=1)), np.flatnonzero(foreground.any(axis=0))
    if not len(rows):
        return 0, 0, grey.shape[1], grey.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _to_pixels(grey: Grey) -> npt.NDArray[np.float32]:
    return (grey.astype(np.float32) / np.float32(255)).reshape(1, SIZE, SIZE, 1)
