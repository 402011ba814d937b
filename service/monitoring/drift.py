"""Whether what comes in is still what the models were trained for.

Every picture that ``/predict``, ``/compare``, ``/explain`` or a verbose ``/invocations`` answers is counted, once for
each model that answers; so is what somebody moves about on the page. Batches and plain ``/invocations`` are not. The
histograms have the reference's buckets, and the population stability index compares the two: the sum over buckets of
(p - q) ln(p / q) of their shares. Credit scoring, where the index comes from, reads under 0.1 as stable, and over 0.25
as another population.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Protocol

import numpy as np
import numpy.typing as npt
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.arrays import Pixels
from service.monitoring import metric_buffer  # must be imported before the first metric is made

MIN_IMAGES = 200
"""With fewer the index is chance: under no drift it is about (buckets - 1) / images."""

_PREFIX = "service_input_"
_QUANTITIES = {
    "brightness": "Mean of the 28×28 pixels a model saw, 0 to 1",
    "polarity": "Mean of their outermost ring less that of their central 14×14; over 0 where the background is light",
    "confidence": "Calibrated probability of the label",
    "score": "Outlier score, in standard deviations",
}
_LABELS = Counter(f"{_PREFIX}labels", "Pictures by the label they were given", ["model", "label"], registry=None)


def _weights() -> npt.NDArray[np.float32]:
    """Make the (784, 2) by which an image's pixels give its brightness and polarity, in one product."""
    brightness = np.full((28, 28), 1 / 784)
    ring = np.ones((28, 28))
    ring[1:-1, 1:-1] = 0
    centre = np.zeros((28, 28))
    centre[7:21, 7:21] = 1
    polarity = ring / ring.sum() - centre / centre.sum()
    return np.stack([brightness.ravel(), polarity.ravel()], axis=1).astype(np.float32)


_WEIGHTS = _weights()


class ReferenceHistogram(Protocol):
    """Counts in buckets that include their upper edge; the last one takes what is above all edges."""

    edges: list[float]
    counts: list[int]


class Reference(Protocol):
    """How the images are distributed that a model was validated on: by label, and the histogram of each quantity."""

    labels: list[int]


@dataclass(frozen=True)
class ServedModel:
    """What monitoring says about a model.

    Attributes:
        name: what requests call it.
        version: of its SavedModel.
        is_default: whether it answers where a request names none.
        labels: class names, in class order.
        reference: what its input is compared with; None where the bundle has nothing to compare with.

    """

    name: str
    version: str
    is_default: bool
    labels: list[str]
    reference: Reference | None


class DriftMonitor:
    """Counts what one model was sent."""

    def __init__(self, model: str, reference: Reference) -> None:
        """Make histograms with the reference's buckets."""
        self._brightness, self._polarity, self._confidence, self._score = (
            _histogram(name, model, tuple(getattr(reference, name).edges)) for name in _QUANTITIES
        )
        self._model = model
        self._labels: dict[str, Counter] = {}

    def count(
        self, pixels: Pixels, labels: Sequence[str], confidences: Sequence[float], scores: Sequence[float]
    ) -> None:
        """Count pictures, float32 (N, 28, 28, 1), and what was made of each."""
        brightnesses, polarities = (pixels.reshape(len(pixels), -1) @ _WEIGHTS).T.tolist()
        for histogram, found in (
            (self._brightness, brightnesses),
            (self._polarity, polarities),
            (self._confidence, confidences),
            (self._score, scores),
        ):
            metric_buffer.observe_all(histogram, found)
        for label in labels:
            if label not in self._labels:
                self._labels[label] = _LABELS.labels(self._model, label)
            self._labels[label].inc()


@cache
def _histogram(quantity: str, model: str, edges: tuple[float, ...]) -> Histogram:
    """Make a histogram once: two of one name in a process would each overwrite what the other counts."""
    name, text = _PREFIX + quantity, _QUANTITIES[quantity]
    return Histogram(name, text, ["model"], buckets=edges, registry=None).labels(model)


def stability_index(reference: Sequence[float], found: Sequence[float]) -> float:
    """Compare two lists of counts, bucket by bucket; half an image is added to each so that none is empty."""
    sums = [sum(counts) + len(counts) / 2 for counts in (reference, found)]
    shares = [((q + 0.5) / sums[0], (p + 0.5) / sums[1]) for q, p in zip(reference, found, strict=True)]
    return sum((p - q) * log(p / q) for q, p in shares)


class DriftCollector(Collector):
    """The index of each model and quantity, from the summed counts of all workers."""

    def __init__(self, models: Iterable[ServedModel], counted: Iterable[Metric]) -> None:
        self._models = list(models)
        self._samples = {
            (sample.name, sample.labels["model"], sample.labels.get("le") or sample.labels.get("label")): sample.value
            for family in counted
            if family.name.startswith(_PREFIX)
            for sample in family.samples
        }

    def collect(self) -> Iterable[Metric]:
        """Give the gauge; nothing of a model that has seen fewer than ``MIN_IMAGES``."""
        index = GaugeMetricFamily(
            "service_drift_population_stability_index",
            "How far what came in is from the validation images: over 0.25 is another population",
            labels=["model", "quantity"],
        )
        for model in self._models:
            if (reference := model.reference) is None:
                continue
            name = model.name
            labels = [self._samples.get((f"{_PREFIX}labels_total", name, label), 0) for label in model.labels]
            if sum(labels) < MIN_IMAGES:
                continue
            index.add_metric([name, "label"], stability_index(reference.labels, labels))
            for quantity in _QUANTITIES:
                histogram: ReferenceHistogram = getattr(reference, quantity)
                found = self._buckets(quantity, name, histogram.edges)
                index.add_metric([name, quantity], stability_index(histogram.counts, found))
        yield index

    def _buckets(self, quantity: str, model: str, edges: Sequence[float]) -> list[float]:
        """Give the count of each bucket; Prometheus's buckets are cumulative."""
        names = [*map(str, map(float, edges)), "+Inf"]
        upto = [self._samples.get((f"{_PREFIX}{quantity}_bucket", model, name), 0) for name in names]
        return [upper - lower for lower, upper in zip([0, *upto], upto, strict=False)]
