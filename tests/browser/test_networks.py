"""The networks in the browser answer as the service does."""

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.conftest import Samples, npy, slow

CLASSIFY = """async ([name, pixels]) => {
  const { ask } = await import("/static/page/networks/client.js");
  const { served } = await import("/static/page/dom.js");
  const { file } = served.networks.find((network) => network.name === name);
  return ask("classify", file, { pixels: Float32Array.from(pixels), kind: null });
}"""


@pytest.mark.parametrize("name", ["cnn_a_photos", *slow("baseline", "cnn_a", "cnn_b", "cnn_a_tuned")])
def test_browser_and_service_answer_alike(
    browser: Browser, url: str, client: httpx.Client, samples: Samples, name: str
) -> None:
    page = browser.new_page()
    page.goto(url)
    pixels = samples.images / np.float32(255)
    found = np.array(page.evaluate(CLASSIFY, [name, [round(float(p), 6) for p in pixels.ravel()]]))
    page.close()
    headers = {"Content-Type": "application/x-npy", "X-Amzn-SageMaker-Custom-Attributes": f"tfs-model-name={name}"}
    answer = client.post("/invocations", content=npy(pixels), headers=headers)
    expected = np.array(answer.json()["predictions"])
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    np.testing.assert_allclose(found, expected, atol=1e-3)
