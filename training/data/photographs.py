"""Photographs of clothing by some 300 people (Grigorev 2020, CC0): found, split by who took them, converted.

A folder with ``images.csv`` and ``images/ID.jpg`` is looked for in this order:

1. the folder the user names (``--photographs``, or the variable ``TRAINING_PHOTOGRAPHS``);
2. SageMaker's input channel ``photographs`` (``SM_CHANNEL_PHOTOGRAPHS``);
3. this project's cache, which ``python -m training photographs`` fills by a download.

Pictures of one person show the same floor, light and phone. So a part is decided by the sender, never by the picture:
``train`` to learn from, ``held_out`` to choose and calibrate by, ``report`` for the published figures. One sender in
four is ``unseen``: never read, so that others can check with them what is published here.
"""

import csv
import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data import photograph_conversion
from training.data.fashion_mnist import CLASS_NAMES, Images
from training.errors import TrainingError

VARIABLE = "TRAINING_PHOTOGRAPHS"
CACHE = Path.home() / ".cache" / "exploring-convolutional-layers" / "clothing-dataset"

_COLUMNS = ("image", "sender_id", "label")
_UNLABELLED = ("Not sure", "Skip")
_MANY = 200  # pictures: who sent so many is always learnt from

CLASSES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("T-Shirt", "Top", "Undershirt"), ("T-shirt/top",)),
    "Polo": ("T-shirt/top", "Shirt"),
    "Pants": ("Trouser",),
    "Longsleeve": ("Pullover", "Shirt"),  # who wrote the labels did not tell them apart
    "Hoodie": ("Pullover",),
    "Dress": ("Dress",),
    **dict.fromkeys(("Outwear", "Blazer"), ("Coat",)),
    **dict.fromkeys(("Shirt", "Blouse"), ("Shirt",)),
    "Shoes": ("Sandal", "Sneaker", "Ankle boot"),
    **dict.fromkeys(("Hat", "Shorts", "Skirt", "Body", "Other"), ()),  # not what the networks know
}
"""Which of the ten classes are right for a label: any of them counts."""


@dataclass(frozen=True)
class Photographs:
    """Photographs of some senders.

    Attributes:
        names: each picture's ID.
        senders: who took it.
        labels: what the collection calls it, a key of ``CLASSES``.
        right: bool (N, 10), which classes are right; none for what is not one of the ten.
        squares: uint8 (N, 2, 56, 56), see ``photograph_conversion.squared``.

    """

    names: npt.NDArray[np.str_]
    senders: npt.NDArray[np.str_]
    labels: npt.NDArray[np.str_]
    right: npt.NDArray[np.bool_]
    squares: Images

    @property
    def garments(self) -> "Photographs":
        """Those that show one of the ten classes."""
        return self.where(np.asarray(self.right.any(axis=1)))

    @property
    def others(self) -> "Photographs":
        """Those that show none of the ten classes: hats, shorts, skirts, bodies, other things."""
        return self.where(~np.asarray(self.right.any(axis=1)))

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Photographs":
        """Pick some of them."""
        return Photographs(*(values[chosen] for values in vars(self).values()))

    def by_person(self) -> npt.NDArray[np.float64]:
        """Weigh each picture so that all people count the same, however many they took: (N,), 1 in all for each."""
        _, person, taken = np.unique(self.senders, return_inverse=True, return_counts=True)
        return np.asarray((1 / taken)[person])

    def views(self, shares: Sequence[float] = photograph_conversion.SHARES) -> Images:
        """Show each as the service does, or in other mixtures: uint8 (N, 4 · shares, 28, 28)."""
        shown = [photograph_conversion.views(squares, shares) for squares in self.squares]
        views = photograph_conversion.VIEWS_A_SHARE * len(shares)
        return np.array(shown, np.uint8).reshape(
            len(shown), views, photograph_conversion.SIZE, photograph_conversion.SIZE
        )


def part(sender: str, *, pictures: int) -> str:
    """Tell which part a sender's pictures are in; ``pictures`` is how many there are of them with a label."""
    if pictures >= _MANY:
        return "train"
    share = _hash("photos", sender)
    if share < 25:
        return "unseen"
    if share < 45:
        return "report"
    return "held_out" if _hash("held-out", sender) < 20 else "train"


def _hash(purpose: str, sender: str) -> int:
    return int(hashlib.sha256(f"{purpose}-{sender}".encode()).hexdigest(), 16) % 100


def folder() -> Path:
    """Name the folder that the photographs are read from; see the module."""
    return Path(os.environ.get(VARIABLE) or os.environ.get("SM_CHANNEL_PHOTOGRAPHS") or CACHE)


def load() -> dict[str, Photographs]:
    """Read and convert the photographs, by part: ``train``, ``held_out``, ``report``.

    Raises:
        TrainingError: they are not there, a picture or column is missing, or a label is not known.

    """
    return _load(folder())


@lru_cache(maxsize=1)
def _load(source: Path) -> dict[str, Photographs]:
    return {name: _read(of_one, source) for name, of_one in rows(source).items()}


def rows(source: Path) -> dict[str, list[dict[str, str]]]:
    """List the photographs of a folder by part, each with ``image``, ``sender_id`` and ``label``.

    Raises:
        TrainingError: as ``load``, but for the pictures.

    """
    listed = _listed(source / "images.csv")
    counts = Counter(row["sender_id"] for row in listed)
    by_part: dict[str, list[dict[str, str]]] = {"train": [], "held_out": [], "report": [], "unseen": []}
    for row in listed:
        by_part[part(row["sender_id"], pictures=counts[row["sender_id"]])].append(row)
    del by_part["unseen"]
    return by_part


def _listed(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise TrainingError(
                    f"{path} has no column {', '.join(missing)}; it must have {', '.join(_COLUMNS)}, as the "
                    "collection's own file has"
                )
            rows = [row for row in reader if row["label"] not in _UNLABELLED]
    except FileNotFoundError as error:
        raise TrainingError(
            f"{path.parent} holds no photographs (no images.csv); fetch them: python -m training photographs, or name "
            "their folder: --photographs DIR"
        ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"{path} cannot be read ({error}); fetch it again") from error
    for number, row in enumerate(rows, start=1):
        if not row["sender_id"]:
            raise TrainingError(
                f"{path}: picture {number} names no sender, so that it is in no part; give its sender_id"
            )
        if row["label"] not in CLASSES:
            raise TrainingError(f"{path}: no label is called {row['label']!r}; there are: {', '.join(CLASSES)}")
    return rows


def _read(rows: list[dict[str, str]], source: Path) -> Photographs:
    squares = [photograph_conversion.read(source / "images" / f"{row['image']}.jpg") for row in rows]
    return Photographs(
        names=np.array([row["image"] for row in rows], np.str_),
        senders=np.array([row["sender_id"] for row in rows], np.str_),
        labels=np.array([row["label"] for row in rows], np.str_),
        right=np.array([[name in CLASSES[row["label"]] for name in CLASS_NAMES] for row in rows], bool).reshape(-1, 10),
        squares=np.array(squares, np.uint8).reshape(-1, 2, photograph_conversion.SQUARE, photograph_conversion.SQUARE),
    )
