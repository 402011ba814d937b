"""The committed report is what the committed records give: made again, no file changes by a byte."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import MODELS, ROOT
from training.data.fashion_mnist import FashionMNIST
from training.experiments.registry import select
from training.experiments.runs import DEFAULT_FOLDER, RunFolder
from training.release import bundle


@pytest.mark.slow
@pytest.mark.usefixtures("dataset")
def test_made_again_it_is_the_same(dataset: FashionMNIST, tmp_path: Path) -> None:
    models = Path(shutil.copytree(MODELS, tmp_path / "models"))
    readme, results = (Path(shutil.copy(ROOT / name, tmp_path)) for name in ("README.md", "training/RESULTS.md"))
    bundle.renew_report(select([]), RunFolder(DEFAULT_FOLDER), models, data_folder=dataset.source)
    bundle.update_documents(models, readme=readme, results=results)
    for made, committed in ((models, MODELS), (readme, ROOT / "README.md"), (results, ROOT / "training/RESULTS.md")):
        files = [path for path in made.rglob("*") if path.is_file()] if made.is_dir() else [made]
        for file in files:
            before = committed / file.relative_to(made) if made.is_dir() else committed
            assert file.read_bytes() == before.read_bytes(), file.name
