"""The bundle: the folder that ``training`` writes and this service reads, and their only contract.

::

    models/
      bundle.json                  see ``service/models/manifest.py``
      experiments.json             the report, as ``GET /experiments`` gives it
      experiments.md, experiments/ the same as Markdown: the whole, and one file an experiment
      messages/es.json             the report's sentences in another language: {"English": "Spanish"}
      figures/, figures/es/        the pictures of the report, and those with words in another language
      cnn_a/1/                     one folder a model and version: an ordinary SavedModel
        saved_model.pb, variables/ signature serving_default: images float32 (N, 28, 28, 1) → probabilities (N, 10);
                                   signature explain: the same and the layers' outputs, see ``engines.py``
        assets.extra/model.tflite  the same weights for LiteRT
        assets.extra/golden.npz    images uint8 (K, 28, 28) and the probabilities float32 (K, 10) they must give,
                                   and the outlier scores float64 (K,); ``photo_scores`` are those for photographs
        assets.extra/model-int8.tflite, golden-int8.npz
                                   the same network with int8 weights, and what it must give
        assets.extra/outliers.npz, assets.extra/photo_outliers.npz
                                   the outlier score of features f and pixels x, D and 784 numbers: the greater of
                                   the least of f·quadratic·f + f·linear + constant, float64 (D, D), (D, 10), (10,),
                                   and, with c = x - mean, of log(|c|² - |c·components|²) less residual[0] and divided
                                   by residual[1]: float32 (784,), (784, 32), float64 (2,)

``bundle.json`` lists every other file with its SHA-256, and ends with a checksum of its own content, so that a change
of any byte is noticed. Paths in it are relative to the folder, with forward slashes.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from service.models import saved_model
from service.models.manifest import SCHEMA_VERSION, Manifest
from service.models.report import ExperimentsReport


class BundleError(Exception):
    """The folder cannot be served; the message says which file is wrong and what to do.

    Attributes:
        reason: the message without advice that counts only where one folder is served.

    """

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason + advice)
        self.reason = reason


class Bundle:
    """A verified bundle.

    Attributes:
        folder: where it is.
        manifest: what its ``bundle.json`` says.
        report: the content of ``experiments.json``; None where the bundle has none.
        translations: by language, the report's sentences in it by their English.

    """

    def __init__(self, folder: Path) -> None:
        """Read and verify every file; a folder with a plain SavedModel is a bundle of that one.

        Either may lie a folder or two deeper, as archives are packed.

        Raises:
            BundleError: a file is missing, changed, or of another schema.

        """
        self.folder = folder = _unpacked(folder)
        self.manifest = _read_manifest(folder)
        for files in (self.manifest.files, *(entry.files for entry in self.manifest.models.values())):
            for name, expected in files.items():
                _verify(folder / name, expected)
        self.report = self._read_report()
        self.translations = {
            path.stem: self._read_translations(path)
            for path in map(self.path, self.manifest.files)
            if path.parent.name == "messages"
        }

    def path(self, name: str) -> Path:
        """Locate a file of the bundle."""
        return self.folder / name

    def _read_translations(self, path: Path) -> dict[str, str]:
        try:
            return TypeAdapter(dict[str, str]).validate_json(path.read_bytes())
        except ValidationError as error:
            raise _broken(f"{path}: {_first_message(error)}") from error

    def _read_report(self) -> dict[str, Any] | None:
        if "experiments.json" not in self.manifest.files:
            return None
        path = self.path("experiments.json")
        try:
            report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            ExperimentsReport.model_validate(report)
        except ValidationError as error:
            raise _broken(f"{path}: {_first_message(error)}") from error
        except ValueError as error:
            raise _broken(f"{path} is not JSON ({error})") from error
        return report


_FILE = "bundle.json"


def content_checksum(manifest: dict[str, Any]) -> str:
    """SHA-256 of a manifest without its own checksum, as compact JSON with sorted keys."""
    content = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _unpacked(folder: Path) -> Path:
    """Go to the folder with the bundle where the given one holds it in another."""
    if folder.is_file():
        raise BundleError(f"{folder.resolve()} is a file, not a folder; if it is an archive, unpack it first")
    try:
        inner = saved_model.unpacked(folder, saved_model.places(folder, _FILE))
    except saved_model.AmbiguousError as error:
        raise BundleError(str(error)) from error
    return folder if inner is None else folder / inner


def _read_manifest(folder: Path) -> Manifest:
    path = folder / _FILE
    try:
        if not path.exists() and (plain := saved_model.find(folder)) is not None:
            return plain
    except saved_model.AmbiguousError as error:
        raise BundleError(str(error)) from error
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text)
    except FileNotFoundError as error:
        raise BundleError(
            f"{folder.resolve()} holds no bundle.json and no SavedModel{saved_model.seen_elsewhere(folder)}",
            "; name a folder that does (SERVICE_MODEL_DIR), or make one: python -m training release",
        ) from error
    except (OSError, ValueError) as error:
        raise _broken(f"{path} cannot be read ({error})") from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise _broken(f"{path} has schema version {version}, this service reads {SCHEMA_VERSION}")
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        raise _broken(f"{path}: {_first_message(error)}") from error
    # The text as well, so that no byte at all may differ from what the release wrote.
    if content_checksum(content) != manifest.sha256 or text != json.dumps(content, indent=2, ensure_ascii=False) + "\n":
        raise _broken(f"{path} was changed after its release: its checksum does not match")
    return manifest


def _first_message(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _verify(path: Path, expected: str) -> None:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise _broken(f"{path} is listed in bundle.json but cannot be read ({error.strerror})") from error
    if found != expected:
        raise _broken(f"{path} was changed after its release: SHA-256 {found}, expected {expected}")


def _broken(what: str) -> BundleError:
    """Advise to restore the bundle; the command, which containers lack, only where one folder is served."""
    return BundleError(f"{what}; restore the released bundle", ", or make a new one: python -m training release")
