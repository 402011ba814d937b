"""The networks in the browser answer as the service does."""

import base64

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import Samples, npy, slow

_CLASSIFY = """async ([name, encoded]) => {
  const { ask } = await import("/static/page/networks/client.js");
  const { served } = await import("/static/page/dom.js");
  const { file } = served.networks.find((network) => network.name === name);
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  return ask("classify", file, { pixels: new Float32Array(bytes.buffer), kind: null });
}"""

CONVOLVE = """async ([kernel, weights, bias, height, width, data]) => {
  const { apply } = await import("/static/page/networks/forward.js");
  const layer = { kind: "convolution", kernel, relu: false };
  [layer.weights, layer.bias] = [Float32Array.from(weights), Float32Array.from(bias)];
  return [...apply(layer, { height, width, channels: kernel[2], data: Float32Array.from(data) }).data];
}"""


def classify(page: Page, model: str, pixels: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Give the class probabilities, (n, 10), that the page's own arithmetic finds for pixels of (n, 28, 28)."""
    # As text: Playwright writes out a list of numbers one by one, which takes seconds.
    encoded = base64.b64encode(pixels.astype("<f4").tobytes()).decode()
    return np.array(page.evaluate(_CLASSIFY, [model, encoded]))


@pytest.mark.parametrize("name", ["cnn_a_photos", *slow("baseline", "cnn_a", "cnn_b", "cnn_a_tuned")])
def test_browser_and_service_answer_alike(
    browser: Browser, url: str, client: httpx.Client, samples: Samples, name: str
) -> None:
    page = browser.new_page()
    page.goto(url)
    pixels = samples.images / np.float32(255)
    found = classify(page, name, pixels)
    page.close()
    headers = {"Content-Type": "application/x-npy", "X-Amzn-SageMaker-Custom-Attributes": f"tfs-model-name={name}"}
    answer = client.post("/invocations", content=npy(pixels), headers=headers)
    expected = np.array(answer.json()["predictions"])
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_channels_and_places_need_not_come_out_even(browser: Browser, url: str) -> None:
    """They are computed four channels and two places at a time."""
    page = browser.new_page()
    page.goto(url)
    rng = np.random.default_rng(0)
    for size, inputs, outputs, height, width in ((3, 2, 6, 5, 7), (3, 1, 1, 5, 5), (2, 3, 3, 2, 2), (3, 2, 7, 6, 3)):
        kernel, maps = rng.normal(size=(size, size, inputs, outputs)), rng.normal(size=(height, width, inputs))
        bias = rng.normal(size=outputs)
        windows = np.lib.stride_tricks.sliding_window_view(maps, (size, size), axis=(0, 1))
        expected = np.einsum("rcihw,hwio->rco", windows, kernel) + bias
        sent = [kernel.shape, kernel.ravel().tolist(), bias.tolist(), height, width, maps.ravel().tolist()]
        np.testing.assert_allclose(page.evaluate(CONVOLVE, sent), expected.ravel(), atol=1e-5)
    page.close()
