"""From the bytes of a picture to the 28×28 grey pixels a model sees.

Two ways, and the response says which was taken:

``dataset``
    A 28×28 grey picture is one of the dataset's own kind (light garment on black) and stays as it is.
``photo``
    Anything else: a garment before an even background is cut out as the dataset's product photos were
    (``dataset_conversion.py``), a photograph is shown whole (``photograph_conversion.py``).

Who knows better may say which part of the picture shows the garment, how it is turned, and whether it is darker than
what is around it: ``Adjustment``.
"""

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from service.arrays import SIZE, scale
from service.errors import UnusableError
from service.http import offload
from service.inputs import photograph_conversion, plain_png
from service.inputs.dataset_conversion import Box, Grey, convert
from service.inputs.decoding import decode, open_picture

# A picture of more bytes or pixels takes milliseconds to read, and is read off the event loop.
_LARGE_BYTES = 8 * 1024
_LARGE_PIXELS = 512 * 512
Mode = Literal["auto", "dataset", "photo"]
Turn = Literal[0, 90, 180, 270]
_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


@dataclass(frozen=True)
class Adjustment:
    """What is done to a picture by request, before and in its conversion.

    Attributes:
        box: left, top, right, bottom of what is looked at, in the upright picture's pixels; all where not given.
        rotate: degrees, clockwise, by which that is turned then.
        invert: whether light and dark are swapped; decided by the picture where not given.

    """

    box: Box | None = None
    rotate: Turn = 0
    invert: bool | None = None


_AS_IT_IS = Adjustment()


@dataclass(frozen=True)
class ModelInput:
    """What a model sees, and how it came about.

    Attributes:
        pixels: float32 (V, 28, 28, 1) in 0…1, the views of the picture. A photograph with its background has 12,
            whose answers are averaged; any other picture has one, in which 0 is background.
        mode: which of the two ways was taken.
        inverted: whether light and dark were swapped.
        box: left, top, right, bottom of the garment in the upright picture's pixels; None for ``dataset``.
        rotate: degrees, clockwise, by which it was turned by request.

    """

    pixels: npt.NDArray[np.float32]
    mode: Literal["dataset", "photo"]
    inverted: bool = False
    box: Box | None = None
    rotate: Turn = 0

    def as_png(self) -> str:
        """Give the pixels back as a picture: a data: URL of a grey PNG, 28×28."""
        content = BytesIO()
        grey = np.round(self.pixels[0, ..., 0] * 255).astype(np.uint8)
        Image.fromarray(grey).save(content, "PNG")
        return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


async def preprocess(content: bytes, mode: Mode, *, max_pixels: int, adjustment: Adjustment = _AS_IT_IS) -> ModelInput:
    """Turn a picture file into what the models see; a large one is read off the event loop.

    Raises:
        ServiceError: as ``open_picture`` and ``decode``.
        UnusableError: nothing on its background, or ``mode`` is ``dataset`` and it is not 28×28 and grey.

    """
    if len(content) > _LARGE_BYTES or content.startswith(b"GIF"):  # whose frames are made when it is opened
        return await offload.run(preprocess_sync, content, mode, max_pixels, adjustment)
    if mode != "photo" and adjustment == _AS_IT_IS and (grey := plain_png.read(content)) is not None:
        return _of_dataset(grey)
    image = open_picture(content, max_pixels)
    if image.width * image.height > _LARGE_PIXELS:
        return await offload.run(_preprocess, image, mode, adjustment)
    return _preprocess(image, mode, adjustment)


def preprocess_sync(content: bytes, mode: Mode, max_pixels: int, adjustment: Adjustment = _AS_IT_IS) -> ModelInput:
    """Turn a picture file into what the models see; errors as ``preprocess``."""
    return _preprocess(open_picture(content, max_pixels), mode, adjustment)


def _preprocess(image: Image.Image, mode: Mode, adjustment: Adjustment) -> ModelInput:
    part, size = decode(image, adjustment.box)
    region = adjustment.box or (0, 0, *size)
    if adjustment.rotate:
        part = part.transpose(_TURNS[adjustment.rotate])
    # A part of a larger picture that happens to be 28×28 and grey is no image of the dataset, unless it is called one.
    if mode == "dataset" or (mode == "auto" and region == (0, 0, *size)):
        grey = _dataset_grey(part)
        if grey is not None:
            return _of_dataset(grey, adjustment)
        if mode == "dataset":
            what = "this one is" if adjustment.box is None else "what is in the box is"
            raise UnusableError(
                f"preprocess=dataset takes 28×28 grey pictures as they are, and {what} "
                f"{region[2] - region[0]}×{region[3] - region[1]} {image.mode}; let preprocess=photo convert it"
            )
    return _convert_photo(part, region, adjustment)


def _dataset_grey(image: Image.Image) -> Grey | None:
    """The picture as uint8 (28, 28) if it is 28×28 and grey; transparent pixels are background, so black."""
    if image.size != (SIZE, SIZE):
        return None
    if image.mode == "L":
        return np.asarray(image)
    colour = np.asarray(_on_background(image, 0))
    grey: Grey = colour[..., 0]
    return grey if (colour == grey[..., np.newaxis]).all() else None


def _of_dataset(grey: Grey, adjustment: Adjustment = _AS_IT_IS) -> ModelInput:
    if (grey == grey[0, 0]).all():
        raise UnusableError("the picture is blank: all its pixels are the same")
    inverted = adjustment.invert is True
    return ModelInput(_to_pixels(255 - grey if inverted else grey), "dataset", inverted, rotate=adjustment.rotate)


def _convert_photo(image: Image.Image, region: Box, adjustment: Adjustment) -> ModelInput:
    """Convert a picture that shows a region of the upright one, turned by request."""
    found = convert(image, invert=adjustment.invert)
    if found is None:
        whole = photograph_conversion.convert(image.convert("RGB"), invert=adjustment.invert)
        return ModelInput(_to_pixels(whole.views), "photo", whole.inverted, region, adjustment.rotate)
    left, right = (edge / image.width for edge in found.box[0::2])
    top, bottom = (edge / image.height for edge in found.box[1::2])
    for _ in range(adjustment.rotate // 90):  # turned back
        left, top, right, bottom = top, 1 - right, bottom, 1 - left
    width, height = region[2] - region[0], region[3] - region[1]
    box = (
        region[0] + round(left * width),
        region[1] + round(top * height),
        region[0] + round(right * width),
        region[1] + round(bottom * height),
    )
    return ModelInput(_to_pixels(found.grey), "photo", found.inverted, box, adjustment.rotate)


def _on_background(image: Image.Image, level: int) -> Image.Image:
    """Flatten transparency onto a grey level; returns RGB."""
    if image.mode not in ("LA", "RGBA"):
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, (level, level, level, 255)), layer).convert("RGB")


def _to_pixels(grey: Grey) -> npt.NDArray[np.float32]:
    return scale(grey).reshape(-1, SIZE, SIZE, 1)
