"""``python -m benchmarks.pictures.embedded``: does the answer stay the same when a test image becomes a picture?

Real test images are put into larger pictures, and each model's answer to the converted picture is compared with its
answer to the plain 28×28 image: larger on a black canvas, as a negative on white or pale, on an unevenly lit
background, turned with an EXIF tag that says so, with an opaque alpha channel, cut out with a transparent background,
with a border of another colour, and as JPEG. ``--images N`` takes the first N test images that ``tests/data`` holds,
evenly over the classes (default: all 300), or of the installed dataset (``--data FOLDER``).
"""

import argparse
import gzip
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from benchmarks.pictures.__main__ import keras_model
from benchmarks.speed.server import ROOT
from service.arrays import SIZE, Pixels, Probabilities
from service.inputs.preprocessing import preprocess_sync
from service.models.bundle import Bundle
from service.models.classifier import Classifier, Models

Grey = npt.NDArray[np.uint8]

SCALE, LEFT, TOP, CANVAS = 6, 50, 30, (260, 240)
"""Each pixel of the test image becomes 6×6, at 50 and 30 of a canvas of 260×240 pixels."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures.embedded", description=__doc__)
    parser.add_argument("--models", type=Path, default=ROOT / "models", metavar="DIR")
    parser.add_argument("--weights", type=Path, action="append", default=[], metavar="FILE.keras")
    parser.add_argument("--images", type=int, default=300, metavar="N")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where t10k-images-idx3-ubyte.gz is")
    arguments = parser.parse_args()
    images = test_images(arguments.data)[: arguments.images]
    if arguments.weights:
        models = {path.name: keras_model(path) for path in arguments.weights}
    else:
        served = Models(Bundle(arguments.models), "litert")
        served.load()
        models = {name: partial(converted, served.get(name)) for name in served.names}
    plain = (images.astype(np.float32) / np.float32(255)).reshape(-1, SIZE, SIZE, 1)
    of_images = models if arguments.weights else {name: served.get(name).engine.predict for name in models}
    expected = {name: predict(plain).argmax(axis=1) for name, predict in of_images.items()}
    print(f"Same answer as for the plain image, of {len(images):,} test images:\n")
    print("| The picture | " + " | ".join(models) + " |\n| --- |" + " ---: |" * len(models))
    for name, embed in EMBEDDINGS.items():
        pixels = np.concatenate([preprocess_sync(embed(image), "photo", max_pixels=10**8).pixels for image in images])
        same = [(predict(pixels).argmax(axis=1) == expected[model]).mean() for model, predict in models.items()]
        print(f"| {name} | " + " | ".join(f"{share:.1%}" for share in same) + " |", flush=True)


def converted(classifier: Classifier, pixels: Pixels) -> Probabilities:
    """Answer converted pictures, float32 (N, 28, 28, 1), as ``POST /predict`` does: float32 (N, 10)."""
    return np.stack([classifier.answer_photo(one[np.newaxis]).probabilities for one in pixels])


def test_images(folder: Path | None) -> Grey:
    """Read test images, uint8 (N, 28, 28): those of ``tests/data``, taken class by class, or a folder's."""
    if folder is None:
        with np.load(ROOT / "tests" / "data" / "test_images.npz") as content:
            order = np.argsort(np.arange(len(content["images"])) % 30, kind="stable")
            few: Grey = content["images"][order]
            return few
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, SIZE, SIZE)


def embedded(image: Grey, background: int = 0) -> Image.Image:
    """Put a test image on a black canvas; with a lighter background, its negative on that."""
    canvas = Image.new("L", CANVAS)
    canvas.paste(Image.fromarray(image).resize((SIZE * SCALE,) * 2, Image.Resampling.NEAREST), (LEFT, TOP))
    if not background:
        return canvas
    return Image.fromarray((background - np.asarray(canvas, np.float32) * (background / 255)).round().astype(np.uint8))


def _encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _uneven(image: Grey) -> bytes:
    light = np.linspace(255, 225, CANVAS[0]) - np.linspace(0, 20, CANVAS[1])[:, np.newaxis]
    return _encoded(Image.fromarray((np.asarray(embedded(image, 255)) * (light / 255)).round().astype(np.uint8)))


def _turned(image: Grey) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _encoded(embedded(image, 255).transpose(Image.Transpose.ROTATE_90), exif=exif)


def _opaque(image: Grey) -> bytes:
    picture = embedded(image, 255)
    picture.putalpha(255)
    return _encoded(picture)


def _cut_out(image: Grey) -> bytes:
    picture = embedded(image)
    picture.putalpha(picture.point(lambda value: 255 if value else 0))
    return _encoded(picture)


EMBEDDINGS: dict[str, Callable[[Grey], bytes]] = {
    "on a larger black canvas": lambda image: _encoded(embedded(image)),
    "its negative on white": lambda image: _encoded(embedded(image, 255)),
    "its negative on light grey": lambda image: _encoded(embedded(image, 210)),
    "its negative, unevenly lit": _uneven,
    "its negative, turned, with the EXIF tag": _turned,
    "its negative, with an opaque alpha channel": _opaque,
    "cut out, before transparency": _cut_out,
    "its negative, with a dark border": lambda image: _encoded(ImageOps.expand(embedded(image, 255), 12, 40)),
    "on black, with a white border": lambda image: _encoded(ImageOps.expand(embedded(image), 12, 255)),
    "its negative, JPEG of quality 85": lambda image: _encoded(embedded(image, 255), "JPEG", quality=85),
}
"""How a test image becomes a picture file."""


if __name__ == "__main__":
    main()
