"""``python -m benchmarks.photos [DIR]``: how often each served network is right about photographs taken at home.

The photographs are those of ``docs/photographs.md``; DIR, or the variable ``TRAINING_PHOTOGRAPHS``, names their folder.
Every picture goes the way of ``POST /predict``: file, conversion, views, calibration, decision. Tables: right answers,
those of the surer half, what is answered and what is refused; by class; and among the surest.

``--part held_out`` measures those by whom thresholds were chosen, ``--models DIR`` another bundle, ``--csv FILE``
any list of photographs, with the columns ``image`` (a path below DIR/images, without ``.jpg``) and ``label``.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from benchmarks.speed.server import ROOT
from service.inputs.preprocessing import preprocess_sync
from service.models.bundle import Bundle
from service.models.classifier import Models
from training.data import photographs
from training.data.fashion_mnist import CLASS_NAMES
from training.errors import TrainingError
from training.evaluation.photographs import calibration_error, measure


def main() -> int:
    """Measure and print; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="with images.csv and images/")
    parser.add_argument("--models", type=Path, default=ROOT / "models", metavar="FOLDER", help="a bundle")
    parser.add_argument("--part", choices=("held_out", "report"), default="report")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="another list of photographs; all of it is measured")
    arguments = parser.parse_args()
    folder = arguments.folder or photographs.folder()
    try:
        rows = _listed(arguments.csv) if arguments.csv else photographs.rows(folder)[arguments.part]
        models = Models(Bundle(arguments.models), "litert")
        models.load()
        print("\n".join(tables(models, folder, rows)))
    except (TrainingError, OSError) as error:
        print(f"error: {error}")
        return 1
    return 0


def tables(models: Models, folder: Path, rows: list[dict[str, str]]) -> list[str]:
    """Measure every served network on the pictures of some rows with ``image`` and ``label``."""
    inputs = [preprocess_sync((folder / "images" / f"{row['image']}.jpg").read_bytes(), "photo", 10**8) for row in rows]
    right = np.array([[name in photographs.CLASSES[row["label"]] for name in CLASS_NAMES] for row in rows])
    garment = right.any(axis=1)
    summary, found = [], {}
    for name in models.names:
        answers = [models.get(name).answer_photo(one.pixels) for one in inputs]
        probabilities = np.stack([answer.probabilities for answer in answers])
        hit = right[np.arange(len(right)), probabilities.argmax(axis=1)]
        answered = np.array([answer.decision == "answer" for answer in answers])
        familiar = np.array([answer.in_distribution is True for answer in answers])
        found[name] = one = measure(probabilities[garment], right[garment], probabilities[~garment])
        error = calibration_error(probabilities.max(axis=1)[garment], hit[garment])
        cells = [
            f"{one['accuracy']:.1%}",
            f"{one['surer_half']:.1%}",
            f"{answered[garment].mean():.1%}",
            f"{hit[garment & answered].mean():.1%}" if (garment & answered).any() else "–",
            f"{answered[~garment].mean():.1%}" if (~garment).any() else "–",
            f"{1 - familiar[garment].mean():.1%}",
            f"{1 - familiar[~garment].mean():.1%}" if (~garment).any() else "–",
            f"{error:.1%}",
            f"{one['auroc']:.2f}" if one["auroc"] is not None else "–",
        ]
        summary.append(f"| {name} | {' | '.join(cells)} |")
    columns = ["Right", "Surer half", "Answered", "Right if answered", "Others answered", "Called unlike"]
    columns += ["Others called unlike", "ECE", "AUROC"]
    groups, shares = next(iter(found.values()))["classes"], next(iter(found.values()))["coverage"]
    return [
        f"{garment.sum()} garments, {(~garment).sum()} others.\n",
        f"| Network | {' | '.join(columns)} |\n| --- |{' ---: |' * len(columns)}",
        *summary,
        f"\n| Right about | {' | '.join(found)} |\n| --- |{' ---: |' * len(found)}",
        *(
            f"| {' or '.join(CLASS_NAMES[int(i)] for i in group.split('/'))} | "
            f"{' | '.join('{} of {}'.format(*one['classes'][group]) for one in found.values())} |"
            for group in groups
        ),
        f"\n| Right among the surest | {' | '.join(f'{share:.0%}' for share, _ in shares)} |",
        f"| --- |{' ---: |' * len(shares)}",
        *(f"| {name} | {' | '.join(f'{part:.1%}' for _, part in one['coverage'])} |" for name, one in found.items()),
    ]


def _listed(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    unknown = {row.get("label") for row in rows} - photographs.CLASSES.keys()
    if not rows or unknown or "image" not in rows[0]:
        raise TrainingError(
            f"{path} must have the columns image and label, and labels among {', '.join(photographs.CLASSES)}"
        )
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
