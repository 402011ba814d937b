"""The parameters box, rotate and invert of /predict, /compare and /explain."""

import base64
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.conftest import DATA, assert_problem, png

PNG = {"content-type": "image/png"}


def picture() -> Image.Image:
    """Two garments on white, 400×300: dark trousers upright on the left, a wide grey shape on the right."""
    drawn = Image.new("RGB", (400, 300), "white")
    drawn.paste("navy", (40, 30, 120, 270))
    drawn.paste("dimgray", (220, 100, 380, 180))
    return drawn


def asked(client: httpx.Client, content: bytes, route: str = "/predict", **parameters: Any) -> dict[str, Any]:
    answer = client.post(route, params={"include": "input", **parameters}, content=content, headers=PNG)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def seen(answer: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.asarray(Image.open(BytesIO(base64.b64decode(answer["preprocess"]["input"].partition(",")[2]))))


def test_a_box_is_looked_at_alone_and_told_in_the_pictures_pixels(client: httpx.Client) -> None:
    whole = asked(client, png(picture()))
    assert whole["preprocess"]["box"] == [40, 30, 380, 270]
    left = asked(client, png(picture()), box="10,10,200,290")
    assert left["preprocess"]["box"] == [40, 30, 120, 270]
    assert (seen(left) == seen(asked(client, png(picture().crop((10, 10, 200, 290)))))).all()
    assert asked(client, png(picture()), box="0,0,400,300") == whole


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotate_turns_clockwise_and_the_box_stays_in_the_upright_picture(client: httpx.Client, degrees: int) -> None:
    turned = asked(client, png(picture()), box="10,10,200,290", rotate=degrees)
    assert turned["preprocess"]["box"] == [40, 30, 120, 270]
    assert turned["preprocess"]["rotate"] == degrees
    by_hand = picture().crop((10, 10, 200, 290)).rotate(-degrees, expand=True)
    assert (seen(turned) == seen(asked(client, png(by_hand)))).all()


def test_a_box_counts_in_the_picture_as_exif_turns_it_and_costs_no_sharpness(client: httpx.Client) -> None:
    large = picture().resize((4000, 3000))
    content, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6  # stored as 4000×3000, shown as 3000×4000
    large.save(content, "JPEG", quality=95, exif=exif)
    answer = asked(client, content.getvalue(), box="900,2000,2300,4000")
    assert answer["preprocess"]["box"] == pytest.approx([1200, 2200, 2000, 3800], abs=12)
    # Its outline is as sharp as that of a picture of the box alone.
    alone = asked(client, png(large.transpose(Image.Transpose.ROTATE_270).crop((900, 2000, 2300, 4000))))
    assert np.abs(seen(answer).astype(int) - seen(alone)).max() < 40


def test_invert_decides_what_is_light(client: httpx.Client) -> None:
    noisy = np.random.default_rng(0).integers(80, 120, (120, 120, 3)).astype(np.uint8)  # a photograph: not even
    noisy[40:80, 40:80] //= 2
    shown = {how: asked(client, png(noisy), invert=how) for how in ("auto", "yes", "no")}
    assert [shown[how]["preprocess"]["inverted"] for how in ("auto", "yes", "no")] == [True, True, False]
    assert (seen(shown["yes"]) == seen(shown["auto"])).all()
    assert seen(shown["no"])[13, 13] < seen(shown["yes"])[13, 13]
    # Cut out of an even background, and the dataset's own.
    dark, light = (seen(asked(client, png(picture()), box="10,10,200,290", invert=how)) for how in ("no", "yes"))
    assert dark[14, 0] == light[14, 0] == 0
    assert light[14, 14] == 255
    coat = (DATA / "coat.png").read_bytes()
    assert (seen(asked(client, coat, invert="yes")) == 255 - seen(asked(client, coat))).all()


def test_every_way_in_and_every_route_takes_them(client: httpx.Client) -> None:
    content = png(picture())
    parameters = {"box": "10,10,200,290", "rotate": "90", "invert": "yes"}
    encoded = base64.b64encode(content).decode()
    answers = [
        client.post("/predict", params=parameters, content=content, headers=PNG),
        client.post("/predict", params=parameters, files={"file": content}),
        client.post("/predict", params=parameters, json={"image": encoded}),
    ]
    assert [answer.json() for answer in answers] == [answers[0].json()] * 3
    told = {"mode": "photo", "inverted": True, "box": [40, 30, 120, 270], "rotate": 90}
    assert answers[0].json()["preprocess"] == told
    compared = client.post("/compare", params=parameters, content=content, headers=PNG).json()["predictions"]
    assert all(answer["preprocess"] == told for answer in compared)
    assert client.post("/explain", params=parameters, content=content, headers=PNG).json()["preprocess"] == told
    beside = client.post("/predict", json={"image": encoded, "box": "10,10,200,290"})
    assert_problem(beside, 422, "box goes into the address")


def test_a_box_of_a_larger_picture_is_no_image_of_the_dataset_unless_it_is_called_one(client: httpx.Client) -> None:
    grey = Image.new("L", (100, 100))
    grey.paste(Image.open(DATA / "coat.png"), (30, 40))
    assert asked(client, png(grey), box="30,40,58,68")["preprocess"]["mode"] == "photo"
    called = asked(client, png(grey), box="30,40,58,68", preprocess="dataset")
    assert (seen(called) == np.asarray(Image.open(DATA / "coat.png"))).all()
    refused = client.post(
        "/predict", params={"box": "30,40,58,60", "preprocess": "dataset"}, content=png(grey), headers=PNG
    )
    assert_problem(refused, 422, "what is in the box is 28×20 L")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"box": "1,2,3"}, ["box", "left,top,right,bottom", "four whole numbers", "'1,2,3'"]),
        ({"box": "1,2,3,4,5"}, ["four whole numbers"]),
        ({"box": "0,0,1.5,4"}, ["four whole numbers"]),
        ({"box": "-1,0,10,10"}, ["four whole numbers"]),
        ({"box": ""}, ["four whole numbers"]),
        ({"box": "20,0,20,10"}, ["is empty", "left must be less than right"]),
        ({"box": "0,30,20,10"}, ["is empty", "top less than bottom"]),
        ({"box": "0,0,401,300"}, ["box=0,0,401,300 reaches outside", "400×300"]),
        ({"box": "0,0,300,400", "rotate": "90"}, ["box=0,0,300,400 reaches outside", "400×300 pixels upright"]),
        ({"box": "500,500,999999999,999999999"}, ["reaches outside"]),
        ({"box": "150,10,210,20"}, ["nothing in the picture stands out"]),
        ({"rotate": "45"}, ["rotate", "0, 90, 180 or 270", "'45'"]),
        ({"rotate": "right"}, ["rotate", "0, 90, 180 or 270"]),
        ({"invert": "maybe"}, ["invert", "'auto', 'yes' or 'no'"]),
    ],
)
def test_a_wrong_one_is_told_with_what_is_right(
    client: httpx.Client, parameters: dict[str, str], words: list[str]
) -> None:
    assert_problem(client.post("/predict", params=parameters, content=png(picture()), headers=PNG), 422, *words)
