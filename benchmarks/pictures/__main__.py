"""``python -m benchmarks.pictures``: how often each model names the garment in a picture that is not from the dataset.

The pictures and where they are from: ``benchmarks/pictures/README.md``. They are in two parts: the conversion and the
training recipe may be chosen by the part ``develop``, never by the part ``report``. Beside the service's conversion
stands the usual one (grey, scaled to 28×28, divided by 255). Served models answer as ``POST /predict`` does. Further
columns say how many the models call strange (``in_distribution`` is false), and how often they are right about the
others.

``--models DIR`` names another bundle; ``--weights FILE.keras`` is a network saved by Keras, before its release, and
may be given several times. ``--part develop`` leaves the other part unseen; ``--details`` lists the mistakes.
"""

import argparse
import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks import records, tables
from benchmarks.speed.server import ROOT
from service.arrays import SIZE
from service.inputs.preprocessing import preprocess_sync
from service.models.bundle import Bundle
from service.models.classifier import Models

FOLDER = Path(__file__).parent
PARTS = ("develop", "report")

Pixels = npt.NDArray[np.float32]
Predict = Callable[[Pixels], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Picture:
    """One picture: its file, the class a person sees in it, and the part of the set it belongs to."""

    path: Path
    label: str
    part: str


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--models", type=Path, default=ROOT / "models", metavar="DIR", help="a bundle (default: models)"
    )
    parser.add_argument("--weights", type=Path, action="append", default=[], metavar="FILE.keras")
    parser.add_argument("--part", choices=PARTS, help="only this part")
    parser.add_argument("--details", action="store_true", help="list every mistake")
    arguments = parser.parse_args()
    about = records.about()
    served = Models(Bundle(arguments.models), "litert")
    served.load()
    labels = served.get().labels
    if arguments.weights:
        models = {path.name: keras_model(path) for path in arguments.weights}
    else:
        models = {name: served.get(name).engine.predict for name in served.names}
    pictures = [picture for picture in listed() if arguments.part in (None, picture.part)]
    parts = [part for part in PARTS if any(picture.part == part for picture in pictures)]
    truth = np.array([labels.index(picture.label) for picture in pictures])
    of_part = {part: np.array([picture.part == part for picture in pictures]) for part in parts}
    converted, plain = np.concatenate([convert(p) for p in pictures]), np.concatenate([usual(p) for p in pictures])

    strange: dict[str, npt.NDArray[np.bool_]] = {}
    if arguments.weights:
        answers = {name: predict(converted).argmax(axis=1) for name, predict in models.items()}
    else:
        as_served = {name: [served.get(name).answer_photo(one[np.newaxis]) for one in converted] for name in models}
        answers = {
            name: np.array([int(one.probabilities.argmax()) for one in found]) for name, found in as_served.items()
        }
        strange = {name: np.array([one.in_distribution is False for one in found]) for name, found in as_served.items()}
    counted: dict[str, dict[str, dict[str, list[int]]]] = {}
    for name, predict in models.items():
        usually = predict(plain).argmax(axis=1)
        counted[name] = {
            part: _counts(usually[mask] == truth[mask], answers[name][mask] == truth[mask], strange.get(name), mask)
            for part, mask in of_part.items()
        }
    content = {"parts": parts, "models": counted}
    print("\n".join(tables.pictures(content)))
    if not arguments.weights and arguments.part is None and arguments.models == ROOT / "models":
        records.write(records.PICTURES, about, **content)
    for name, found in answers.items():
        print(f"\n{name}, converted:\n")
        print(by_class(labels, truth, found, of_part))
        if arguments.details:
            for picture, answer in zip(pictures, found, strict=True):
                if labels[answer] != picture.label:
                    print(f"{picture.path.relative_to(FOLDER)}: {labels[answer]}")


def listed() -> list[Picture]:
    """Read the list of the set."""
    with (FOLDER / "pictures.csv").open(encoding="utf-8", newline="") as lines:
        return [Picture(FOLDER / row["file"], row["label"], row["part"]) for row in csv.DictReader(lines)]


def convert(picture: Picture) -> Pixels:
    """Convert a picture as the service does; float32 (1, 28, 28, 1)."""
    return preprocess_sync(picture.path.read_bytes(), "photo", max_pixels=10**8).pixels


def usual(picture: Picture) -> Pixels:
    """Convert a picture in the way of most tutorials; float32 (1, 28, 28, 1)."""
    grey = Image.open(picture.path).convert("L").resize((SIZE, SIZE))
    return (np.asarray(grey, np.float32) / np.float32(255)).reshape(1, SIZE, SIZE, 1)


def keras_model(path: Path) -> Predict:
    """Load a network saved by Keras; only then is Keras needed."""
    import keras

    model = keras.models.load_model(path, compile=False)

    def predict(pixels: Pixels) -> npt.NDArray[np.float32]:
        return np.asarray(model.predict(pixels, verbose=0))

    return predict


def _counts(
    usually: npt.NDArray[np.bool_],
    converted: npt.NDArray[np.bool_],
    strange: npt.NDArray[np.bool_] | None,
    mask: npt.NDArray[np.bool_],
) -> dict[str, list[int]]:
    """Count in one part, each as [so many, of so many]: right answers, and pictures called strange."""
    counts = {"usual": [int(usually.sum()), len(usually)], "converted": [int(converted.sum()), len(converted)]}
    if strange is not None:
        kept = ~strange[mask]
        counts["strange"] = [int(strange[mask].sum()), len(kept)]
        counts["right if not strange"] = [int(converted[kept].sum()), int(kept.sum())]
    return counts


def by_class(
    labels: list[str],
    truth: npt.NDArray[np.int_],
    found: npt.NDArray[np.int_],
    of_part: dict[str, npt.NDArray[np.bool_]],
) -> str:
    """One row a class: how many are right in each part, and what the others were taken for."""
    lines = [
        "| Class | " + " | ".join(f"{part} | taken for" for part in of_part) + " |",
        "| --- |" + " ---: | --- |" * len(of_part),
    ]
    for class_id, label in enumerate(labels):
        cells = []
        for chosen in of_part.values():
            answers = found[chosen & (truth == class_id)]
            counts = np.bincount(answers[answers != class_id], minlength=len(labels))
            wrong = ", ".join(f"{labels[other]} {counts[other]}" for other in np.argsort(-counts) if counts[other])
            cells.append(f"{(answers == class_id).sum()} of {len(answers)} | {wrong or '–'}")
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
