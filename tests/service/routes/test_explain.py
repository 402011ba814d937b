"""POST /explain: what it shows of a model is what the model does."""

import base64
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.conftest import DATA, StartServer, assert_problem, encode, png

PNG = {"content-type": "image/png"}
BOOT = (DATA / "ankle-boot.png").read_bytes()


def decoded(maps: dict[str, Any]) -> npt.NDArray[np.float64]:
    levels = np.frombuffer(base64.b64decode(maps["data"]), np.uint8)
    shaped: npt.NDArray[np.float64] = levels.reshape(maps["channels"], maps["height"], maps["width"]) * maps["scale"]
    return shaped


@pytest.mark.parametrize("model", ["baseline", "cnn_a", "cnn_b"])
def test_begins_with_the_prediction(client: httpx.Client, model: str) -> None:
    asked = {"model": model, "top_k": "3", "include": "input"}
    predicted = client.post("/predict", params=asked, content=BOOT, headers=PNG).json()
    explained = client.post("/explain", params=asked, content=BOOT, headers=PNG).json()
    assert {key: explained[key] for key in predicted} == predicted
    shown = decoded(explained["input"])[0] * 255
    assert np.array_equal(np.rint(shown), np.asarray(Image.open(BytesIO(BOOT))))


def test_the_drop_is_that_of_a_picture_with_the_patch(client: httpx.Client) -> None:
    occlusion = client.post("/explain", content=BOOT, headers=PNG).json()["occlusion"]
    drop = np.array(occlusion["drop"])
    assert drop.shape == (14, 14)
    assert drop[0, 0] == 0  # nothing but background there
    row, column = np.unravel_index(drop.argmax(), drop.shape)
    top, left = (
        occlusion["stride"] * int(cell) - (occlusion["patch"] - occlusion["stride"]) // 2 for cell in (row, column)
    )
    hidden = np.asarray(Image.open(BytesIO(BOOT))).copy()
    hidden[max(top, 0) : top + occlusion["patch"], max(left, 0) : left + occlusion["patch"]] = 0
    ranked = client.post("/predict", content=png(hidden), headers=PNG).json()["predictions"]
    left_over = next(p["probability"] for p in ranked if p["class_id"] == occlusion["class_id"])
    assert occlusion["probability"] - drop[row, column] == pytest.approx(left_over, abs=1e-4)
    assert drop.max() > 0.5


@pytest.mark.parametrize("model", ["cnn_a", "cnn_b"])
def test_kernels_make_the_feature_maps(client: httpx.Client, model: str) -> None:
    asked = {"model": model, "include": "kernels"}
    answer = client.post("/explain", params=asked, content=BOOT, headers=PNG).json()
    flowing = decoded(answer["input"])[0][..., np.newaxis]
    for kernels, maps in zip(answer["kernels"], answer["feature_maps"], strict=True):
        assert kernels["layer"] == maps["layer"]
        kernel = np.frombuffer(base64.b64decode(kernels["kernel"]), "<f4").reshape(kernels["shape"])
        bias = np.frombuffer(base64.b64decode(kernels["bias"]), "<f4")
        windows = np.lib.stride_tricks.sliding_window_view(flowing, kernels["shape"][:2], (0, 1))
        found = np.maximum(np.einsum("yxcij,ijco->yxo", windows, kernel) + bias, 0)
        np.testing.assert_allclose(found.transpose(2, 0, 1), decoded(maps), atol=0.51 * maps["scale"])
        height, width = (edge // 2 * 2 for edge in found.shape[:2])
        flowing = found[:height, :width].reshape(height // 2, 2, width // 2, 2, -1).max(axis=(1, 3))


def test_a_dense_network_has_no_kernels(client: httpx.Client) -> None:
    asked = {"model": "baseline", "include": "kernels"}
    assert client.post("/explain", params=asked, content=BOOT, headers=PNG).json()["kernels"] == []


def test_feature_maps_follow_the_layers(client: httpx.Client) -> None:
    def shapes(model: str) -> list[tuple[str, int, int, int]]:
        answer = client.post("/explain", params={"model": model}, content=BOOT, headers=PNG).json()
        assert all(decoded(m).max() > 0 for m in answer["feature_maps"])
        return [(m["layer"], m["height"], m["width"], m["channels"]) for m in answer["feature_maps"]]

    assert shapes("baseline") == []
    assert shapes("cnn_a") == [("convolution_1", 26, 26, 32), ("convolution_2", 11, 11, 64)]
    assert shapes("cnn_b") == [("convolution_1", 24, 24, 32), ("convolution_2", 8, 8, 64)]


def test_one_picture_where_png_is_accepted(client: httpx.Client) -> None:
    answer = client.post("/explain", content=BOOT, headers=PNG | {"accept": "image/png"})
    assert (answer.headers["content-type"], answer.headers["vary"]) == ("image/png", "Accept")
    with Image.open(BytesIO(answer.content)) as picture:
        assert picture.width == 1200
        assert picture.getcolors(1000) is None  # not an empty sheet


def test_refusals_are_those_of_predict(client: httpx.Client) -> None:
    assert_problem(client.post("/explain", content=b"text", headers=PNG), 400, "not a picture that can be read")
    assert_problem(client.post("/explain", params={"model": "vgg"}, content=BOOT, headers=PNG), 404, "'vgg'")
    refused = client.post("/explain", content=BOOT, headers=PNG | {"accept": "text/html"})
    assert_problem(refused, 406, "application/json, image/png")


def test_a_small_limit_on_pictures_is_none_on_what_is_drawn(start_server: StartServer) -> None:
    url = start_server(SERVICE_MAX_PIXELS="784")
    picture = (DATA / "coat.png").read_bytes()
    headers = {"content-type": "application/x-image", "accept": "image/png"}
    for content in (picture, encode(Image.open(DATA / "coat.png").convert("RGB"), "PNG")):
        answer = httpx.post(f"{url}/explain", content=content, headers=headers)
        assert (answer.status_code, answer.content[:4]) == (200, b"\x89PNG"), answer.text
