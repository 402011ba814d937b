"""The lens: every number that it shows is the network's own, wherever one points, taps or walks."""

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import on_one_screen
from tests.browser.test_networks import classify
from tests.conftest import DATA

PNG = {"content-type": "image/png"}
ROUNDED = 0.0051


@pytest.fixture
def lens(page: Page) -> Page:
    page.locator("#lens-heading").scroll_into_view_if_needed()
    expect(page.locator("#lens-value")).to_contain_text("Convolution 1")
    return page


def place(page: Page) -> tuple[int, int, int, float]:
    """Channel, row, column and value that the lens names."""
    text = page.locator("#lens-value").inner_text().replace("−", "-")
    found = re.search(r"map (\d+), row (\d+), column (\d+): (-?[\d.]+)", text)
    assert found is not None, text
    channel, row, column, value = found.groups()
    return int(channel) - 1, int(row), int(column), float(value)


def explained(client: httpx.Client, model: str = "cnn_a_photos") -> dict[str, Any]:
    picture = (DATA / "ankle-boot.png").read_bytes()
    asked = {"model": model, "include": "kernels"}
    answer: dict[str, Any] = client.post("/explain", params=asked, content=picture, headers=PNG).json()
    return answer


def maps(answer: dict[str, Any], layer: int) -> npt.NDArray[np.float64]:
    """(height, width, channels)."""
    found = answer["feature_maps"][layer - 1] if layer else answer["input"]
    levels = np.frombuffer(base64.b64decode(found["data"]), np.uint8).reshape(found["channels"], found["height"], -1)
    shaped: npt.NDArray[np.float64] = levels.transpose(1, 2, 0) * found["scale"]
    return shaped


def kernels(answer: dict[str, Any], layer: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    found = answer["kernels"][layer - 1]
    kernel = np.frombuffer(base64.b64decode(found["kernel"]), "<f4").reshape(found["shape"])
    return kernel, np.frombuffer(base64.b64decode(found["bias"]), "<f4")


def numbers(page: Page, selector: str) -> list[float]:
    return [float(text.replace("−", "-")) for text in page.locator(selector).all_inner_texts()]


def test_the_first_convolution_is_numpys(lens: Page, client: httpx.Client) -> None:
    answer = explained(client)
    picture, (kernel, bias) = maps(answer, 0)[..., 0], kernels(answer, 1)
    lens.locator("#lens-map").focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowRight"):
        lens.keyboard.press(key)
        channel, row, column, value = place(lens)
        patch, weights = picture[row : row + 3, column : column + 3], kernel[:, :, 0, channel]
        tables = lens.locator("#lens-sum .numbers")
        assert tables.count() == 3
        shown = [numbers(lens, f"#lens-sum .numbers >> nth={index} >> td") for index in range(3)]
        np.testing.assert_allclose(shown, [part.ravel() for part in (patch, weights, patch * weights)], atol=ROUNDED)
        total = float((patch * weights).sum())
        ends = numbers(lens, "#lens-sum .result strong")
        np.testing.assert_allclose(
            ends, [total, bias[channel], total + bias[channel], max(total + bias[channel], 0)], atol=ROUNDED
        )
        assert value == ends[-1]


def test_the_second_sums_over_its_maps(lens: Page, client: httpx.Client) -> None:
    answer = explained(client)
    first, (kernel, bias) = maps(answer, 1), kernels(answer, 2)
    pooled = first.reshape(13, 2, 13, 2, 32).max(axis=(1, 3))
    lens.locator("#lens-layers label", has_text="Convolution 2").click()
    channel, row, column, value = place(lens)
    sums = (pooled[row : row + 3, column : column + 3] * kernel[..., channel]).sum(axis=(0, 1))
    eighths = answer["feature_maps"][0]["scale"]  # the service's maps have eight bits
    shown = numbers(lens, "#lens-sum .term:not(.rest) .part strong")
    np.testing.assert_allclose(sorted(np.abs(shown)), sorted(np.abs(sums))[-4:], atol=10 * eighths)
    (rest,) = numbers(lens, "#lens-sum .rest strong")
    total, shown_bias, before, after = numbers(lens, "#lens-sum .result strong")
    assert sum(shown) + rest == pytest.approx(total, abs=0.03)
    assert shown_bias == pytest.approx(bias[channel], abs=ROUNDED)
    assert before == pytest.approx(sums.sum() + bias[channel], abs=20 * eighths)
    assert after == max(before, 0) == value
    assert value == pytest.approx(
        maps(answer, 2)[row, column, channel], abs=answer["feature_maps"][1]["scale"] + ROUNDED
    )


def test_pooling_shows_which_of_four_won(lens: Page, client: httpx.Client) -> None:
    lens.locator("#lens-layers label", has_text="Pooling 1").click()
    channel, row, column, value = place(lens)
    answer = explained(client)
    window = maps(answer, 1)[2 * row : 2 * row + 2, 2 * column : 2 * column + 2, channel]
    scale = answer["feature_maps"][0]["scale"]
    np.testing.assert_allclose(numbers(lens, "#lens-sum td"), window.ravel(), atol=scale + ROUNDED)
    assert value == max(numbers(lens, "#lens-sum td")) == float(lens.locator("#lens-sum td.winner").inner_text())


def test_pointing_and_tapping_choose_a_place(lens: Page) -> None:
    over = lens.locator("#lens-map")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    x, y = box["x"] + (5.5 / 26) * box["width"], box["y"] + (20.5 / 26) * box["height"]
    if lens.evaluate("matchMedia('(pointer: coarse)').matches"):
        lens.touchscreen.tap(x, y)
    else:
        lens.mouse.move(x, y)
    expect(lens.locator("#lens-value")).to_contain_text("row 20, column 5")
    seen = "3×3 pixels of the picture, its receptive field: rows 20 to 22, columns 5 to 7."
    expect(lens.locator("#lens-sees")).to_contain_text(seen)


def test_the_blind_strip_is_a_networks_own(lens: Page) -> None:
    expect(lens.locator("#lens-blind")).to_contain_text("rows and columns 26 to 27")
    expect(lens.locator("#lens-blind-rows")).to_be_visible()
    lens.locator('.network[data-model="cnn_b"]').click()
    expect(lens.locator("#lens-blind")).to_have_text("Every pixel reaches this network's answer.")
    expect(lens.locator("#lens-blind-rows")).to_be_hidden()
    lens.locator('.network[data-model="baseline"]').click()
    expect(lens.locator("#lens-none")).to_be_visible()
    expect(lens.locator("#lens-body")).to_be_hidden()


def test_another_network_is_looked_at_in_the_same_layer(lens: Page) -> None:
    lens.locator("#lens-layers label", has_text="Convolution 2").click()
    lens.locator('.network[data-model="cnn_b"]').click()
    expect(lens.locator("#lens-blind")).to_have_text("Every pixel reaches this network's answer.")
    expect(lens.locator("#lens-value")).to_contain_text("Convolution 2")
    expect(lens.get_by_role("radio", name="Convolution 2")).to_be_checked()


@on_one_screen
def test_pixels_of_the_blind_strip_change_no_answer(page: Page) -> None:
    pixels = np.tile(np.linspace(0, 1, 784).reshape(28, 28), (2, 1, 1))
    pixels[1, 26:] = pixels[1, :, 26:] = 1
    found = classify(page, "cnn_a", pixels)
    np.testing.assert_array_equal(found[0], found[1])


def test_play_slides_the_kernel(lens: Page) -> None:
    lens.clock.install()
    lens.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    lens.get_by_role("button", name="Play: slide the kernel").click()
    lens.clock.run_for(400)  # four places' time
    expect(lens.locator("#lens-value")).to_contain_text(", column 4:")
    lens.get_by_role("button", name="Stop").click()
    lens.clock.resume()
    expect(lens.get_by_role("button", name="Play: slide the kernel")).to_be_visible()
    lens.emulate_media(reduced_motion="reduce")
    _, row, column, _ = place(lens)
    lens.get_by_role("button", name="Next place").click()
    assert place(lens)[1:3] == (row, column + 1)


def test_maps_come_by_what_they_contribute(lens: Page) -> None:
    lens.get_by_role("button", name="Show all 32 maps").click()
    assert lens.locator("#lens-channels label:visible").count() == 32
    order = [int(value) for value in lens.locator("#lens-channels input").evaluate_all("all => all.map(e => e.value)")]
    assert sorted(order) == list(range(32))
    falls = lens.evaluate(
        """async (order) => {
          const { ask } = await import("/static/page/networks/client.js");
          const { served } = await import("/static/page/dom.js");
          const { fromFile, toShares } = await import("/static/page/pixels.js");
          const file = await (await fetch("/static/samples/ankle-boot.png")).blob();
          const pixels = toShares(await fromFile(file));
          const found = await ask("contributions", served.networks.at(-1).file, { pixels });
          return order.map((channel) => found[0][channel]);
        }""",
        order,
    )
    assert falls == sorted(falls, reverse=True)
    lens.locator("#lens-channels label >> nth=5").click()
    assert place(lens)[0] == order[5]
