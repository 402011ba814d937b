"""A folder that is no bundle but a plain SavedModel, as ``model.export()`` or AWS's TensorFlow container has it.

``saved_model.pb`` lies in the folder itself or in a version folder (``1/``, ``000000001/``), or one or two folders
deeper, as archives are packed (``model/1/``, ``export/Servo/1/``). There are no checksums, no golden samples and no
report then; the labels are taken to be Fashion-MNIST's.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from service.models.manifest import PREPROCESSING, SCHEMA_VERSION, Manifest, ModelEntry

NAME = "model"
LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]

_LITERT_MODEL = "assets.extra/model.tflite"


_FILE = "saved_model.pb"
_MAX_DEPTH = 2
"""How many folders deeper than it should lie a model is looked for."""

_MAX_SEEN_DEPTH = 6
_MAX_FOLDERS = 1_000


_LIKE_MODELS = {
    "*.keras": "export it as a SavedModel, model.export(DIR)",
    "*.h5": "export it as a SavedModel, model.export(DIR)",
    "*.tar.gz": "unpack it",
    "*.tgz": "unpack it",
    "*.zip": "unpack it",
    "*.onnx": "export the network it was made from as a SavedModel",
    "*.tflite": "put it beside its SavedModel, as assets.extra/model.tflite",
    **dict.fromkeys(
        ("*.pt", "*.pth", "*.safetensors", "*.pkl", "*.joblib", "*.ckpt.index"),
        "export the network as a SavedModel",
    ),
}


class AmbiguousError(Exception):
    """There are several models where one is to be served; the message names them."""


def places(folder: Path, name: str) -> list[Path]:
    """Find the folders that hold a file of that name, relative to ``folder``, the shallowest first."""
    return [one.relative_to(folder) for one in _folders(folder) if (one / name).is_file()]


def _folders(folder: Path) -> Iterator[Path]:
    """Walk a folder and those in it, the shallowest first, as far as a model may reasonably lie."""
    level, walked = [folder], 0
    for _ in range(_MAX_SEEN_DEPTH + 1):
        yield from level
        walked += len(level)
        level = list(islice((inner for one in level for inner in _inner_folders(one)), _MAX_FOLDERS - walked))


def _inner_folders(folder: Path) -> list[Path]:
    try:
        return sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith((".", "__MACOSX")))
    except OSError:  # not there, or not to be read: nothing is found in it
        return []


def unpacked(folder: Path, found: Iterable[Path]) -> Path | None:
    """Of the folders that models lie in, choose the one.

    Returns:
        None where there is none that is not too deep.

    Raises:
        AmbiguousError: there are several.

    """
    near = sorted({place for place in found if len(place.parts) <= _MAX_DEPTH})
    if len(near) > 1 and near[0] != Path():
        raise AmbiguousError(f"{folder} holds several models: {', '.join(map(str, near[:5]))}; give one of them alone")
    return near[0] if near else None


def seen_elsewhere(folder: Path) -> str:
    """Say where something like a model was seen that is not served, to go on a sentence; empty where nothing was."""
    deep = places(folder, _FILE)
    if deep:
        return f" near enough: one was seen in {deep[0]}; pack its folder higher"
    for pattern, advice in _LIKE_MODELS.items():
        found = next((file for one in _folders(folder) for file in one.glob(pattern)), None)
        if found is not None:
            return f", but {found.relative_to(folder)}: {advice}"
    return ""


def find(folder: Path) -> Manifest | None:
    """Describe the SavedModel in a folder as a manifest of one model; None where there is none.

    Of several versions the highest is served, as TensorFlow Serving does.

    Raises:
        AmbiguousError: there are several models.

    """
    found = places(folder, _FILE)
    # Several versions are one model, in their parent.
    model = unpacked(folder, (place.parent if place.name.isdecimal() else place for place in found))
    if model is None:
        return None
    versions = [place.name for place in found if place.parent == model and place.name.isdecimal()]
    inside, version = str(model), "1"
    if model not in found:
        highest = max(versions, key=int)
        inside, version = str(model / highest), str(int(highest))
    litert_model = f"{inside}/{_LITERT_MODEL}"
    entry = ModelEntry(
        title=f"SavedModel in {folder.name}",
        version=version,
        labels=LABELS,
        preprocessing=PREPROCESSING,
        saved_model=inside,
        litert=litert_model if (folder / litert_model).is_file() else None,
        golden=None,
        files={},
        training={},
        equivalence={},
    )
    return Manifest(
        schema_version=SCHEMA_VERSION,
        default_model=NAME,
        models={NAME: entry},
        files={},
        provenance={},
        sha256="0" * 64,
    )
