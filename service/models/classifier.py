"""The served models: loaded, checked against their golden samples, and asked."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from service.arrays import PROBABILITIES, Activations, Engine, Images, Pixels, Precision, Probabilities, scale
from service.errors import NotFoundError, NotReadyError
from service.http import offload
from service.models import engines, signature_inference
from service.models.assessment import Assessor, Decision
from service.models.bundle import Bundle, BundleError
from service.models.golden_samples import FEATURES, require_reproduced
from service.models.manifest import Manifest, ModelEntry
from service.models.micro_batching import MicroBatcher
from service.monitoring import deferred
from service.monitoring.drift import DriftMonitor, ServedModel
from service.monitoring.metrics import InstrumentedEngine

_INLINE_IMAGES = 32


@dataclass(frozen=True)
class Answer:
    """What a model says of one picture, and what that is worth.

    Attributes:
        probabilities: float32 (classes,), calibrated if the model has an assessment, else its softmax.
        reliability: how often answers like this were right on validation images, as ``manifest.Reliability``.
        in_distribution: whether the score is within the threshold.
        score: how strange the picture is to the model, in standard deviations above a usual one.
        decision: ``answer``, or ``unsure`` where the bundle's threshold says that the label is not to be relied on.

    All but the probabilities are None where the bundle has no assessment of the model. One that was assessed on the
    dataset alone is unsure of every photograph.

    """

    probabilities: Probabilities
    reliability: dict[str, object] | None = None
    in_distribution: bool | None = None
    score: float | None = None
    decision: Decision | None = None


@dataclass(frozen=True)
class Classifier:
    """One model, ready to be asked.

    Attributes:
        name: what requests call it.
        version: of its SavedModel.
        precision: of the weights that it runs with.
        labels: class names, in class order.
        engine: runs it.
        assessor: assesses its answers to images of the dataset's kind; None where the bundle has nothing to do it by.
        photo_assessor: assesses its answers to converted pictures; None likewise.
        drift_monitor: counts what it was sent; None likewise.
        notes: what was found out about a model of others, a sentence each.

    """

    name: str
    version: str
    labels: list[str]
    engine: Engine
    precision: Precision = "float32"
    assessor: Assessor | None = None
    photo_assessor: Assessor | None = None
    drift_monitor: DriftMonitor | None = None
    notes: tuple[str, ...] = ()

    async def answer(self, pixels: Pixels, mode: Literal["dataset", "photo"] = "dataset") -> Answer:
        """Give one answer.

        Args:
            pixels: float32 (1, 28, 28, 1) of a ``dataset`` picture, which is answered together with those that others
                ask for; (V, 28, 28, 1), the views of one ``photo``.
            mode: how the picture became pixels, which decides what its answer is assessed by.

        """
        return self.answer_photo(pixels) if mode == "photo" else await self._batcher.submit(pixels)

    def answer_photo(self, views: Pixels) -> Answer:
        """Average over the views of one picture; its first view stands for all of them where pixels are looked at."""
        if self.assessor is None:
            return Answer(self.engine.predict(views).mean(axis=0))
        found = self.engine.explain(views, PROBABILITIES, FEATURES)
        probabilities, features = (found[name].mean(axis=0, keepdims=True) for name in (PROBABILITIES, FEATURES))
        if self.photo_assessor is None:
            return Answer(self.assessor.calibrate(probabilities)[0], decision="unsure")
        return self._assessed(self.photo_assessor, views[:1], probabilities, features)[0]

    def answers(self, pixels: Pixels) -> list[Answer]:
        """Classify pictures, float32 (N, 28, 28, 1), assess each answer, and count all for drift."""
        if self.assessor is None or self.drift_monitor is None:
            return [Answer(probabilities) for probabilities in self.engine.predict(pixels)]
        found = self.engine.explain(pixels, PROBABILITIES, FEATURES)
        return self._assessed(self.assessor, pixels, found[PROBABILITIES], found[FEATURES])

    def _assessed(
        self, assessor: Assessor, pixels: Pixels, probabilities: Probabilities, features: Activations
    ) -> list[Answer]:
        probabilities = assessor.calibrate(probabilities)
        class_ids = probabilities.argmax(axis=1).tolist()
        confidences = probabilities.max(axis=1).tolist()
        scores = assessor.score(pixels, features)
        if self.drift_monitor is not None:
            labels = [self.labels[class_id] for class_id in class_ids]
            deferred.call(self.drift_monitor.count, pixels, labels, confidences, scores)
        return [
            Answer(
                row,
                assessor.reliability(class_id, confidence),
                assessor.in_distribution(score),
                score,
                assessor.decide(confidence, score),
            )
            for row, class_id, confidence, score in zip(probabilities, class_ids, confidences, scores, strict=True)
        ]

    async def probabilities(self, pixels: Pixels) -> Probabilities:
        """Give the model's own, float32 (1, classes), of float32 (1, 28, 28, 1), together with what others ask for."""
        row = await self._probabilities_batcher.submit(pixels)
        return row[np.newaxis]

    @cached_property
    def _batcher(self) -> MicroBatcher[Answer]:
        return MicroBatcher(self.answers)

    @cached_property
    def _probabilities_batcher(self) -> MicroBatcher[Probabilities]:
        return MicroBatcher(lambda pixels: list(self.engine.predict(pixels)))


class Models:
    """The models of a bundle, by name.

    Until ``load`` has finished every look-up raises ``NotReadyError`` with the reason, which ``/ping`` reports too.
    """

    def __init__(self, bundle: Bundle, engine: str, precision: Precision = "float32") -> None:
        """Take what is to be loaded.

        Raises:
            BundleError: it has no models of that precision.

        """
        missing = [name for name, entry in bundle.manifest.models.items() if entry.int8 is None]
        if precision == "int8" and missing:
            raise BundleError(
                f"{bundle.folder} has no int8 weights of {', '.join(missing)}; make them with: "
                "python -m training quantize, or start with SERVICE_PRECISION=float32"
            )
        self._bundle = bundle
        self._engine = engine
        self._precision = precision
        self._classifiers: dict[str, Classifier] = {}
        self._not_ready: str | None = "the models are being loaded"
        self._tried = False

    @property
    def manifest(self) -> Manifest:
        """What the bundle says of itself."""
        return self._bundle.manifest

    @property
    def served(self) -> list[ServedModel]:
        """What monitoring says about the models."""
        return [
            ServedModel(
                name,
                entry.version,
                name == self.default,
                entry.labels,
                None if entry.assessment is None else entry.assessment.reference,
            )
            for name, entry in self._bundle.manifest.models.items()
        ]

    @property
    def names(self) -> list[str]:
        """Every served model's name, in the bundle's order."""
        return list(self._bundle.manifest.models)

    @property
    def default(self) -> str:
        """The model that answers where a request names none."""
        return self._bundle.manifest.default_model

    @property
    def can_be_forked(self) -> bool:
        """Whether a process may load the models and then fork: not where TensorFlow runs them, with its threads."""
        return self._engine == "litert" and all(entry.litert for entry in self._bundle.manifest.models.values())

    @property
    def tried(self) -> bool:
        """Whether ``load`` was called."""
        return self._tried

    def load(self) -> None:
        """Load every model and have it reproduce its golden samples."""
        self._tried = True
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

    async def predict(self, classifier: Classifier, images: Images) -> Probabilities:
        """Classify (N, 28, 28, 1) → float32 (N, classes); large batches leave the event loop.

        Bytes become float32 a piece at a time, which the processor's caches hold.
        """
        if len(images) == 1:
            return await classifier.probabilities(scale(images))
        if len(images) <= _INLINE_IMAGES:
            return classifier.engine.predict(scale(images))
        return await offload.run_in_pieces(lambda piece: classifier.engine.predict(scale(piece)), images)

    def _load(self, name: str, entry: ModelEntry) -> Classifier:
        engine = engines.load(self._engine, self._bundle, entry, self._precision)
        quantized = entry.int8 if self._precision == "int8" else None
        golden = entry.golden if quantized is None else quantized.golden
        if golden is None:  # a plain SavedModel
            adapted, notes = signature_inference.adapt(name, engine, len(entry.labels))
            return Classifier(name, entry.version, entry.labels, InstrumentedEngine(adapted, name), notes=notes)
        assessor, photo_assessor = (
            None if assessment is None else Assessor(self._bundle, assessment)
            for assessment in (entry.assessment, entry.photo_assessment)
        )
        require_reproduced(
            self._bundle.path(golden), name, engine, assessor, photo_assessor, is_int8=quantized is not None
        )
        return Classifier(
            name,
            entry.version,
            entry.labels,
            InstrumentedEngine(engine, name),
            precision=self._precision,
            assessor=assessor,
            photo_assessor=photo_assessor,
            drift_monitor=None if assessor is None else DriftMonitor(name, assessor.reference),
        )
