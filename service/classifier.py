"""The served models: loaded, checked against their golden samples, and asked."""

from dataclasses import dataclass

import numpy as np

from service import engines, large_work
from service.bundle import Bundle
from service.engines import Engine, Pixels, Probabilities
from service.errors import NotFoundError, NotReadyError
from service.manifest import Manifest, ModelEntry
from service.metrics import MeasuredEngine

GOLDEN_TOLERANCE = 1e-4
"""How far a golden sample's probabilities may be off: other CPUs round differently, by about 1e-6."""

_INLINE_IMAGES = 32


class GoldenMismatchError(Exception):
    """A model does not give the probabilities it was released with."""


@dataclass(frozen=True)
class Classifier:
    """One model, ready to be asked.

    Attributes:
        name: what requests call it.
        version: of its SavedModel.
        labels: class names, in class order.
        engine: runs it.

    """

    name: str
    version: str
    labels: list[str]
    engine: Engine


class Models:
    """The models of a bundle, by name.

    Until ``load`` has finished every look-up raises ``NotReadyError`` with the reason, which ``/ping`` reports too.
    """

    def __init__(self, bundle: Bundle, engine: str) -> None:
        self._bundle = bundle
        self._engine = engine
        self._classifiers: dict[str, Classifier] = {}
        self._not_ready: str | None = "the models are being loaded"

    @property
    def manifest(self) -> Manifest:
        """What the bundle says of itself."""
        return self._bundle.manifest

    @property
    def names(self) -> list[str]:
        """Every served model's name, in the bundle's order."""
        return list(self._bundle.manifest.models)

    @property
    def default(self) -> str:
        """The model that answers where a request names none."""
        return self._bundle.manifest.default_model

    def load(self) -> None:
        """Load every model and have it reproduce its golden samples."""
        try:
            self._classifiers = {name: self._load(name, entry) for name, entry in self._bundle.manifest.models.items()}
        except Exception as error:
            # The reason must outlive this call: it is what /ping answers until somebody mends the bundle.
            self._not_ready = f"the models could not be loaded: {error}"
            raise
        self._not_ready = None

    def require_ready(self) -> None:
        """Raise ``NotReadyError`` while the models are not loaded."""
        if self._not_ready is not None:
            raise NotReadyError(self._not_ready)

    def get(self, name: str | None = None, version: str | None = None) -> Classifier:
        """Look a model up; the default one where no name is given, its only version where none is.

        Raises:
            NotReadyError: the models are not loaded.
            NotFoundError: no model has that name, or not in that version.

        """
        self.require_ready()
        found = self._classifiers.get(self.default if name is None else name)
        if found is None:
            raise NotFoundError(f"no model is called {name!r}; served are: {', '.join(self.names)}")
        if version not in (None, found.version):
            raise NotFoundError(f"{found.name} has no version {version!r}; served is {found.version}")
        return found

    async def predict(self, classifier: Classifier, pixels: Pixels) -> Probabilities:
        """Classify float32 (N, 28, 28, 1) → float32 (N, classes); large batches leave the event loop."""
        if len(pixels) <= _INLINE_IMAGES:
            return classifier.engine.predict(pixels)
        return await large_work.run_in_pieces(classifier.engine.predict, pixels)

    def _load(self, name: str, entry: ModelEntry) -> Classifier:
        engine = engines.load(self._engine, self._bundle, entry)
        if entry.golden is None:
            # A plain SavedModel: the least that can be asked of it is an answer of the right shape.
            shape = engine.predict(np.zeros((1, 28, 28, 1), np.float32)).shape
            if shape != (1, len(entry.labels)):
                raise GoldenMismatchError(f"{name} answers one image with shape {shape}, not (1, {len(entry.labels)})")
            return Classifier(name, entry.version, entry.labels, MeasuredEngine(engine, name))
        with np.load(self._bundle.path(entry.golden), allow_pickle=False) as golden:
            pixels = (golden["images"].astype(np.float32) / np.float32(255))[..., np.newaxis]
            difference = float(np.abs(engine.predict(pixels) - golden["probabilities"]).max())
        if not difference <= GOLDEN_TOLERANCE:
            raise GoldenMismatchError(
                f"{name} does not reproduce its golden samples: probabilities differ by {difference:.2g}, "
                f"{GOLDEN_TOLERANCE:g} is allowed; make a new bundle on this machine: python -m training release"
            )
        return Classifier(name, entry.version, entry.labels, MeasuredEngine(engine, name))
