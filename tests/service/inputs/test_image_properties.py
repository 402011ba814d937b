"""Whatever Pillow can write is answered or refused with a reason; where a garment lies changes no answer."""

from io import BytesIO

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks.pictures.embedded import EMBEDDINGS
from service.inputs.preprocessing import preprocess_sync
from service.models.bundle import Bundle
from service.models.classifier import Models
from tests.conftest import MODELS, Samples, assert_problem
from training.data.fashion_mnist import CLASS_NAMES

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "I", "F")
KINDS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")


@st.composite
def picture_files(draw: st.DrawFn) -> bytes:
    """Files of every mode, format, shape and orientation that Pillow writes; a few with a byte changed or cut short."""
    width, height = draw(st.sampled_from([(28, 28), (1, 1), (1, 300), (300, 1), (64, 48), (300, 220), (2000, 3)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    colour = rng.integers(0, 256, (height, width, 3), np.uint8)
    colour[: height // 2] = draw(st.integers(0, 255))
    image = Image.fromarray(colour).convert("L" if (mode := draw(st.sampled_from(MODES))) in ("I;16", "LAB") else mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = draw(st.integers(0, 9))
    stream = BytesIO()
    hidden = draw(st.sampled_from([{}, {"transparency": 0}]))
    for kind in (draw(st.sampled_from(KINDS)), "PNG", "TIFF"):
        try:
            image.save(stream, kind, exif=exif, **hidden)
            break
        except (OSError, ValueError, TypeError, KeyError, AttributeError):  # no such mode in that format
            stream = BytesIO()
    content = stream.getvalue()
    damage = draw(st.sampled_from(["none", "none", "byte", "cut"]))
    if damage == "byte" and content:
        place = draw(st.integers(0, len(content) - 1))
        content = content[:place] + bytes([content[place] ^ draw(st.integers(1, 255))]) + content[place + 1 :]
    return content[: draw(st.integers(0, len(content)))] if damage == "cut" else content


# The same pictures every time: ``make fuzz`` looks for new ones, in mode ``auto``.
@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=picture_files(), mode=st.sampled_from(["auto", "photo", "dataset"]))
def test_any_picture_is_answered_or_refused_with_a_reason(client: httpx.Client, content: bytes, mode: str) -> None:
    headers = {"content-type": "application/x-image"}
    answer = client.post("/predict", params={"preprocess": mode}, content=content, headers=headers)
    if answer.status_code == 200:
        assert answer.json()["label"] in CLASS_NAMES
    else:
        assert answer.status_code in (400, 413, 422), answer.text
        assert_problem(answer, answer.status_code)
        assert answer.json()["detail"]


@pytest.fixture(scope="module")
def models() -> Models:
    loaded = Models(Bundle(MODELS), "litert")
    loaded.load()
    return loaded


@pytest.mark.parametrize("way", [way for way in EMBEDDINGS if not way.startswith("cut out")])
def test_where_and_on_what_a_garment_lies_changes_no_answer(way: str, samples: Samples, models: Models) -> None:
    """95 % of the answers stay, of 100 images; ``python -m benchmarks.pictures.embedded`` asks about more."""
    ask = models.get().engine.predict
    images = np.concatenate([samples.images[samples.labels == c][:10] for c in range(10)])
    plain = ask((images.astype(np.float32) / np.float32(255))[..., np.newaxis]).argmax(axis=1)
    pixels = np.concatenate([preprocess_sync(EMBEDDINGS[way](image), "photo", 10**8).pixels for image in images])
    assert (ask(pixels).argmax(axis=1) == plain).mean() >= 0.95
