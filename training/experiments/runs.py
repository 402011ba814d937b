"""The folder of runs: one small JSON file per (experiment, seed), committed; the weights beside it, not.

``training/runs/cnn_a/seed-0.json`` holds how the network was trained and how it did, down to the predicted class of
each test image; ``seed-0.probes.json`` what the finished network does with moved, corrupted and other pictures.
``seed-0.keras`` holds the weights that a release exports and probes need, and while a run is under way, the checkpoint
of its last epoch.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from training.data.fashion_mnist import Labels
from training.errors import TrainingError
from training.experiments.experiment import Experiment

DEFAULT_FOLDER = Path(__file__).parents[1] / "runs"


@dataclass(frozen=True)
class Run:
    """One trained and evaluated network.

    Attributes:
        experiment: its name in the registry.
        seed: of the initialisation, the order of the training images and the validation split.
        fingerprint: ``Experiment.fingerprint(seed)`` of what was run.
        parameters: trainable weights.
        multiply_adds: per image.
        epochs: how many it was trained for.
        history: per epoch, ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``.
        validation: ``accuracy`` and ``loss`` on the 5,000 held-out training images.
        test: the same on the 10,000 test images.
        test_predictions: the predicted class of each test image, one digit each, in the dataset's order.
        wall_time_s: seconds of training, summed over resumptions.
        provenance: see ``provenance.collect``, the backend and the time it finished.
        photographs: of the parts ``held_out`` and ``report``, see ``evaluation.photographs.measure``; None where the
            network was not trained with photographs.
        examined: see ``evaluation.examination.examine``; None in records that are older than it, and where the
            experiment is not probed.

    """

    experiment: str
    seed: int
    fingerprint: str
    parameters: int
    multiply_adds: int
    epochs: int
    history: dict[str, list[float]]
    validation: dict[str, float]
    test: dict[str, float]
    test_predictions: str
    wall_time_s: float
    provenance: dict[str, Any]
    photographs: dict[str, Any] | None = None
    examined: dict[str, Any] | None = None

    @property
    def answers(self) -> Labels:
        """The predicted class of each test image, uint8 (10000,)."""
        return np.frombuffer(self.test_predictions.encode(), np.uint8) - np.uint8(ord("0"))

    def right(self, labels: Labels) -> npt.NDArray[np.bool_]:
        """Which test images the network has right, bool (10000,)."""
        return np.equal(self.answers, labels)

    @property
    def predictions_sha256(self) -> str:
        """Tell this run's network from another's by its answers to the test set."""
        return hashlib.sha256(self.test_predictions.encode()).hexdigest()


@dataclass(frozen=True)
class Probes:
    """What was measured with the network of a finished run.

    Attributes:
        experiment: its name in the registry.
        seed: of the run.
        predictions_sha256: of the run's ``test_predictions``: the network that was probed is the one on record.
        translation: see ``probes.translation``.
        corruptions: see ``probes.corrupted``.
        calibration: see ``probes.calibrated``.
        confident_errors: see ``probes.confident_errors``.
        anatomy: see ``activations.describe``; None where nothing is convolved, or the experiment is not for serving.
        wall_time_s: seconds it took.
        provenance: see ``provenance.collect``, and the time it finished.

    """

    experiment: str
    seed: int
    predictions_sha256: str
    translation: dict[str, Any]
    corruptions: dict[str, Any]
    calibration: dict[str, Any]
    confident_errors: list[dict[str, Any]]
    anatomy: dict[str, Any] | None
    wall_time_s: float
    provenance: dict[str, Any]


_Record = TypeVar("_Record", Run, Probes)


class RunFolder:
    """Reads and writes runs below one folder."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise TrainingError(f"{folder} is a file; name a folder for the runs")
        self.folder = folder

    def weights(self, experiment: str, seed: int) -> Path:
        """Name the Keras file with the weights of a finished run."""
        return self.folder / experiment / f"seed-{seed}.keras"

    def progress(self, experiment: str, seed: int) -> Path:
        """Name the file that describes an unfinished run's checkpoint."""
        return self.folder / experiment / f"seed-{seed}.progress.json"

    def finished(self, experiment: Experiment, seed: int) -> Run | None:
        """Read a finished run; None where there is none, or one of an experiment that has since changed."""
        path = self._result(experiment.name, seed)
        if not path.is_file():
            return None
        run = _read(path, Run)
        return run if run.fingerprint == experiment.fingerprint(seed) else None

    def save(self, run: Run) -> None:
        """Write a run's JSON file, whole or not at all."""
        write_atomically(self._result(run.experiment, run.seed), to_json(asdict(run)))

    def probes(self, run: Run) -> Probes | None:
        """Read what was measured with a run's network; None where nothing was, or the run has since been repeated."""
        path = self._probes(run.experiment, run.seed)
        if not path.is_file():
            return None
        probes = _read(path, Probes)
        return probes if probes.predictions_sha256 == run.predictions_sha256 else None

    def save_probes(self, probes: Probes) -> None:
        """Write a run's probes, whole or not at all; a line a field, since pictures of numbers are long."""
        fields = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in asdict(probes).items())
        write_atomically(self._probes(probes.experiment, probes.seed), "{\n" + ",\n".join(fields) + "\n}\n")

    def all(self, experiment: Experiment) -> Iterator[Run]:
        """Yield the finished runs of an experiment as it is now, by seed."""
        names = (path.name for path in (self.folder / experiment.name).glob("seed-*.json"))
        seeds = sorted(int(found[1]) for name in names if (found := re.fullmatch(r"seed-(\d+)\.json", name)))
        for seed in seeds:
            run = self.finished(experiment, seed)
            if run is not None:
                yield run

    def _result(self, experiment: str, seed: int) -> Path:
        return self.folder / experiment / f"seed-{seed}.json"

    def _probes(self, experiment: str, seed: int) -> Path:
        return self.folder / experiment / f"seed-{seed}.probes.json"


def to_json(content: Any) -> str:
    """Format as every JSON file here: two spaces, the file ends with a newline."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_atomically(path: Path, content: str) -> None:
    """Write text so that a reader, or a crash, sees the old file or the new one and nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(path)


def _read(path: Path, kind: type[_Record]) -> _Record:
    try:
        return kind(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise TrainingError(
            f"{path} is not a run's record ({error}); delete it and run the experiment again"
        ) from error
