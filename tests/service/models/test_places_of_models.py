"""Models are found where people's archives have them, and where one was seen is said."""

import shutil
from pathlib import Path

import pytest

from service.models.bundle import Bundle, BundleError
from service.models.multi_model import ModelRegistry
from tests.conftest import MODELS
from tests.service.models.test_models_of_others import loaded


@pytest.mark.parametrize("place", [".", "1", "model", "model/1", "export/Servo/1", "a/b"])
def test_a_savedmodel_is_found_where_archives_have_it(tmp_path: Path, place: str) -> None:
    shutil.copytree(MODELS / "baseline" / "1", tmp_path / "m" / place, dirs_exist_ok=True)
    (tmp_path / "m" / "code").mkdir()
    assert loaded(tmp_path / "m", "litert").version == "1"


def test_a_bundle_is_found_in_its_folder(tmp_path: Path) -> None:
    shutil.copytree(MODELS, tmp_path / "m" / "models")
    assert Bundle(tmp_path / "m").folder == tmp_path / "m" / "models"
    assert loaded(tmp_path / "m", "litert").assessor is not None


def test_of_versions_in_a_folder_the_highest_is_served(tmp_path: Path) -> None:
    for version in ("9", "10"):
        shutil.copytree(MODELS / "baseline" / "1", tmp_path / "m" / "shoes" / version)
    assert Bundle(tmp_path / "m").manifest.models["model"].version == "10"


def test_where_a_model_was_seen_is_said(tmp_path: Path) -> None:
    shutil.copytree(MODELS / "baseline" / "1", tmp_path / "two" / "a" / "1")
    shutil.copytree(MODELS / "baseline" / "1", tmp_path / "two" / "b" / "1")
    with pytest.raises(BundleError, match="several models: a, b; give one"):
        Bundle(tmp_path / "two")
    shutil.copytree(MODELS / "baseline" / "1", tmp_path / "deep" / "a" / "b" / "c" / "1")
    with pytest.raises(BundleError, match="one was seen in a/b/c/1"):
        Bundle(tmp_path / "deep")
    for name, words in {
        "net.keras": r"model\.export\(DIR\)",
        "net.h5": "export",
        "net.pth": "export",
        "model.tar.gz": "unpack it",
    }.items():
        folder = tmp_path / name.replace(".", "_") / "inner"
        folder.mkdir(parents=True)
        (folder / name).write_bytes(b"-")
        with pytest.raises(BundleError, match=rf"no SavedModel, but inner/{name}: .*{words}.*SERVICE_MODEL_DIR"):
            Bundle(folder.parent)


def test_multi_model_mode_gives_no_advice_on_settings_that_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "empty").mkdir()
    registry = ModelRegistry(tmp_path / "state", engine="litert", memory=10**9, workers=1)
    with pytest.raises(Exception, match=r"no bundle\.json and no SavedModel") as caught:
        registry.load("shoes", str(tmp_path / "empty"))
    assert "SERVICE_MODEL_DIR" not in str(caught.value)
    assert "python -m" not in str(caught.value)
