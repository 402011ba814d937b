"""Whether inputs have drifted, told by all workers together."""

import json
from math import log
from typing import Any

import httpx
import numpy as np
import pytest

from service.monitoring.drift import MIN_IMAGES, stability_index
from tests.conftest import MODELS, Samples, StartServer, png
from tests.servers import eventually, scrape, value

PNG = {"content-type": "image/png"}
ASSESSMENT: dict[str, Any] = json.loads((MODELS / "bundle.json").read_text())["models"]["cnn_a"]["assessment"]


def test_stability_index_of_known_counts() -> None:
    assert stability_index([50, 50], [5_000, 5_000]) == pytest.approx(0, abs=1e-12)
    assert stability_index([500_000, 500_000], [900_000, 100_000]) == pytest.approx(
        (0.9 - 0.5) * log(0.9 / 0.5) + (0.1 - 0.5) * log(0.1 / 0.5), abs=1e-4
    )
    assert stability_index([100, 0], [0, 100]) < float("inf")


def test_drift_is_that_of_both_workers_together(start_server: StartServer, samples: Samples) -> None:
    url = start_server(SERVICE_WORKERS="2")
    gauge = "service_drift_population_stability_index"
    shown = samples.images[: MIN_IMAGES + 20]
    answers: list[dict[str, Any]] = []
    with httpx.Client(base_url=url) as client:
        for image in shown:
            if len(answers) == MIN_IMAGES - 1:
                assert value(scrape(url), gauge, model="cnn_a", quantity="score") == 0
            # A connection each, so that both workers get some.
            answers.append(
                client.post(
                    "/predict", params={"model": "cnn_a"}, content=png(image), headers=PNG | {"connection": "close"}
                ).json()
            )
    # A worker counts once its answer is on its way, and the other may be asked before it has.
    assert eventually(lambda: value(scrape(url), "service_input_score_count", model="cnn_a") == len(shown))
    found = scrape(url)
    border = np.ones((28, 28), bool)
    border[1:-1, 1:-1] = False
    pixels = shown / 255
    values = {
        "brightness": pixels.mean(axis=(1, 2)),
        "polarity": pixels[:, border].mean(axis=1) - pixels[:, 7:21, 7:21].mean(axis=(1, 2)),
        "confidence": [answer["confidence"] for answer in answers],
        "score": [answer["score"] for answer in answers],
    }
    for quantity, measured in values.items():
        reference = ASSESSMENT["reference"][quantity]
        counts, _ = np.histogram(measured, [-np.inf, *reference["edges"], np.inf])
        expected = stability_index(reference["counts"], counts.tolist())
        assert value(found, gauge, model="cnn_a", quantity=quantity) == pytest.approx(expected, abs=0.02), quantity
        assert value(found, f"service_input_{quantity}_count", model="cnn_a") == len(shown)
    labels = np.bincount([answer["class_id"] for answer in answers], minlength=10).tolist()
    expected = stability_index(ASSESSMENT["reference"]["labels"], labels)
    assert value(found, gauge, model="cnn_a", quantity="label") == pytest.approx(expected)
    assert value(found, gauge, model="baseline", quantity="score") == 0  # was not asked
    before = value(found, gauge, model="cnn_a", quantity="brightness")
    with httpx.Client(base_url=url) as client:
        for image in shown:  # light backgrounds, taken as they are
            client.post(
                "/predict", params={"model": "cnn_a", "preprocess": "dataset"}, content=png(255 - image), headers=PNG
            )
    after = value(scrape(url), gauge, model="cnn_a", quantity="brightness")
    assert before < 0.25 < after
