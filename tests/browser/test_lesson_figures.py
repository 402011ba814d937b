"""The lesson's figures: what pooling keeps of a move, and where the last map stands after one."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page, expect

from tests.browser.conftest import come_down_to, come_down_to_moves
from tests.browser.test_lens import numbers

PIXELS = """(id) => {
  const canvas = document.getElementById(id);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return { width: canvas.width, data: [...data] };
}"""


MOVES = {"to the right": (1, 1), "to the left": (-1, 1), "downwards": (1, 0), "upwards": (-1, 0)}
"""How the page calls a move by a place: which way, and along which axis of a map."""


def piece(page: Page, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    before = numbers(page, f"#{name} .numbers >> nth=0 >> td")
    return np.reshape(before, (4, 4)), np.reshape(numbers(page, f"#{name} .numbers >> nth=1 >> td"), (2, 2))


def test_pooling_shows_what_a_move_of_one_pixel_changes(page: Page) -> None:
    come_down_to(page, "#pooling-heading", "#pooling-kept:not(:empty)")
    said = page.locator("#pooling-kept")
    expect(said).to_contain_text("Of these 16 numbers")
    (before, kept), (moved, moved_kept) = piece(page, "pooling-here"), piece(page, "pooling-moved")
    for values, largest in ((before, kept), (moved, moved_kept)):
        np.testing.assert_array_equal(values.reshape(2, 2, 2, 2).max(axis=(1, 3)), largest)
    np.testing.assert_array_equal(moved[:, 1:], before[:, :-1])  # a convolution moves along with the picture
    assert page.locator("#pooling-here .winner").count() == 4
    *counted, maps, all_before, all_after = [
        float(number) for number in re.findall(r"\d+(?:\.\d+)?", said.inner_text())
    ]
    assert counted == [16, (before != moved).sum(), 4, (kept != moved_kept).sum()]
    assert counted[1] / counted[0] > counted[3] / counted[2]
    assert maps == 32
    assert all_before > all_after
    page.locator('.network[data-model="baseline"]').click()
    expect(page.locator("#pooling-body")).to_be_hidden()


def test_four_pixels_are_one_place_of_the_last_map(page: Page) -> None:
    page.locator("#room").check()
    expect(page).to_have_url(re.compile("room=1"))  # or the lesson is filled with the picture before
    come_down_to_moves(page)
    expect(page.locator("#no-room")).to_be_hidden()
    said = page.locator("#last-map-moved-text")
    expect(said).to_contain_text("moved 4 pixels ")
    place, axis = MOVES[said.inner_text().split(" pixels ")[1]]
    maps = [page.evaluate(PIXELS, name) for name in ("last-map-here", "last-map-moved")]
    here, moved = (np.reshape(shown["data"], (-1, shown["width"], 4)).astype(int) for shown in maps)
    assert here.shape == (5, 5, 4)
    ends = (slice(1, None), slice(None, -1))
    before, after = (np.moveaxis(shown, axis, 0) for shown in (here, moved))
    np.testing.assert_allclose(after[ends[place < 0]], before[ends[place > 0]], atol=4)
    assert np.ptp(here[..., :3]) > 100
    answers = page.locator("#last-said li")
    assert answers.count() == 5
    # Of the moves that cut nothing off, the one that changes most answers is shown, and the page says so.
    expect(page.locator("#last-said-heading")).to_contain_text(
        f"{said.inner_text().split('moved ')[1]}, the move that changes"
    )
    assert any(then.split(",")[0] not in was for was, then in (one.split(" → ") for one in answers.all_inner_texts()))
    page.locator('.network[data-model="baseline"]').click()
    expect(page.locator("#last-maps")).to_be_hidden()
