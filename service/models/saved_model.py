"""A folder that is no bundle but a plain SavedModel, as ``model.export()`` or AWS's TensorFlow container has it.

``saved_model.pb`` lies in the folder itself or in one version folder (``1/``, ``000000001/``). There are no checksums,
no golden samples and no report then; the labels are taken to be Fashion-MNIST's.
"""

from pathlib import Path

from service.models.manifest import PREPROCESSING, SCHEMA_VERSION, Manifest, ModelEntry

NAME = "model"
LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]

_LITERT_MODEL = "assets.extra/model.tflite"


def find(folder: Path) -> Manifest | None:
    """Describe the SavedModel in a folder as a manifest of one model; None where there is none.

    Of several versions the highest is served, as TensorFlow Serving does.
    """
    versions = [p for p in folder.glob("*/saved_model.pb") if p.parent.name.isdecimal()]
    if (folder / "saved_model.pb").is_file():
        inside, version = ".", "1"
    elif versions:
        highest = max(versions, key=lambda path: int(path.parent.name)).parent.name
        inside, version = highest, str(int(highest))
    else:
        return None
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
