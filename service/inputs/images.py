"""From the bytes of a picture to the 28×28 grey pixels a model sees.

Two ways, and the response says which was taken:

``dataset``
    A 28×28 grey picture is one of the dataset's own kind (light garment on black) and stays as it is.
``photo``
    Anything else: a garment before an even background is cut out as the dataset's product photos were
    (``service/inputs/conversion.py``), a photograph is shown whole (``service/inputs/photograph.py``).
"""

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from service.arrays import SIZE
from service.errors import UnusableError
from service.http import offload
from service.inputs import photograph, plain_png
from service.inputs.conversion import Grey, convert
from service.inputs.decoding import decode, open_picture

# A picture of more bytes or pixels takes milliseconds to read, and is read off the event loop.
_LARGE_BYTES = 8 * 1024
_LARGE_PIXELS = 512 * 512
Mode = Literal["auto", "dataset", "photo"]


@dataclass(frozen=True)
class ModelInput:
    """What a model sees, and how it came about.

    Attributes:
        pixels: float32 (V, 28, 28, 1) in 0…1, the views of the picture. A photograph with its background has four,
            whose answers are averaged; any other picture has one, in which 0 is background.
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
        ServiceError: as ``open_picture`` and ``decode``.
        UnusableError: nothing on its background, or ``mode`` is ``dataset`` and it is not 28×28 and grey.

    """
    if len(content) > _LARGE_BYTES or content.startswith(b"GIF"):  # whose frames are made when it is opened
        return await offload.run(preprocess_sync, content, mode, max_pixels)
    if mode != "photo" and (grey := plain_png.read(content)) is not None:
        return _of_dataset(grey)
    image = open_picture(content, max_pixels)
    if image.width * image.height > _LARGE_PIXELS:
        return await offload.run(_preprocess, image, mode)
    return _preprocess(image, mode)


def preprocess_sync(content: bytes, mode: Mode, max_pixels: int) -> ModelInput:
    """Turn a picture file into what the models see; errors as ``preprocess``."""
    return _preprocess(open_picture(content, max_pixels), mode)


def _preprocess(image: Image.Image, mode: Mode) -> ModelInput:
    upright, size = decode(image)
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
    if found is None:
        whole = photograph.convert(image.convert("RGB"))
        return ModelInput(_to_pixels(whole.views), "photo", whole.inverted, (0, 0, *size))
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
    return (grey.astype(np.float32) / np.float32(255)).reshape(-1, SIZE, SIZE, 1)
