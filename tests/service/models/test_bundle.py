"""What the bundle's reader accepts, and how it names what it does not."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from service.models.bundle import Bundle, BundleError
from service.models.classifier import Models
from service.models.golden_samples import GoldenMismatchError
from tests.conftest import MODELS


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that every test leaves as it found it."""
    return Path(shutil.copytree(MODELS, tmp_path_factory.mktemp("shared") / "models"))


def every_file() -> list[str]:
    return sorted(path.relative_to(MODELS).as_posix() for path in MODELS.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", every_file())
def test_a_changed_byte_is_noticed_in_every_file_and_the_file_named(shared: Path, name: str) -> None:
    path = shared / name
    original = path.read_bytes()
    content = bytearray(original)
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    try:
        with pytest.raises(BundleError, match=Path(name).name.replace(".", r"\.")):
            Bundle(shared)
    finally:
        path.write_bytes(original)


def test_missing_files_and_folders_are_named(bundle: Path) -> None:
    (bundle / "baseline" / "1" / "saved_model.pb").unlink()
    with pytest.raises(BundleError, match=r"saved_model\.pb is listed in bundle\.json but cannot be read"):
        Bundle(bundle)
    with pytest.raises(BundleError, match=r"nowhere holds no bundle\.json and no SavedModel.*SERVICE_MODEL_DIR"):
        Bundle(bundle / "nowhere")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": 1}, "schema version 1, this service reads 3"),
        ({"default_model": "vgg"}, "default_model vgg is not among the models"),
        ({"files": {"../secret": "0" * 64}}, "points outside the bundle"),
        ({"models": {}}, "models"),
        ({"provenance": {"commit": "forged"}}, "was changed after its release"),
    ],
)
def test_a_manifest_that_cannot_be_served_is_refused(bundle: Path, change: dict[str, object], words: str) -> None:
    path = bundle / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change, indent=2, ensure_ascii=False) + "\n")
    with pytest.raises(BundleError, match=words):
        Bundle(bundle)


def test_a_manifest_that_is_no_json_is_refused(bundle: Path) -> None:
    (bundle / "bundle.json").write_text("[1")
    with pytest.raises(BundleError, match=r"bundle\.json cannot be read"):
        Bundle(bundle)
    (bundle / "bundle.json").write_text("[1]")
    with pytest.raises(BundleError, match="schema version None"):
        Bundle(bundle)


def test_a_model_that_does_not_reproduce_its_golden_samples_is_not_served(bundle: Path) -> None:
    opened = Bundle(bundle)
    entry = opened.manifest.models["cnn_a"]
    assert entry.golden is not None
    golden = opened.path(entry.golden)
    with np.load(golden) as content:
        np.savez(golden, images=content["images"], probabilities=np.roll(content["probabilities"], 1, axis=1))
    models = Models(opened, "litert")
    with pytest.raises(GoldenMismatchError, match="cnn_a does not reproduce its golden samples"):
        models.load()
    with pytest.raises(Exception, match="cnn_a does not reproduce its golden samples"):
        models.require_ready()
