"""What is released follows from what is committed, and what is committed can be made again."""

import json
from pathlib import Path

import pytest

from tests.conftest import MODELS, ROOT
from training.data.fashion_mnist import FashionMNIST
from training.experiments import provenance, trainer
from training.experiments.progress import Console
from training.experiments.registry import EXPERIMENTS, select
from training.experiments.runs import DEFAULT_FOLDER, RunFolder
from training.release.default_model import photographs_measured
from training.report import document, markdown


@pytest.mark.slow
def test_the_report_is_that_of_the_committed_runs(dataset: FashionMNIST, tmp_path: Path) -> None:
    """Byte for byte: JSON, Markdown, figures."""
    manifest = json.loads((MODELS / "bundle.json").read_text(encoding="utf-8"))
    measured = photographs_measured(manifest["models"])
    runs = RunFolder(DEFAULT_FOLDER)
    document.write(document.build(select([]), runs, dataset, served_seed=0, photographs=measured), tmp_path)
    written = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*") if path.is_file()}
    released = {
        path.relative_to(MODELS)
        for folder in ("figures", "experiments", "messages")
        for path in (MODELS / folder).rglob("*")
        if path.is_file()
    }
    assert written.keys() == {*released, Path("experiments.json"), Path("experiments.md")}
    for name, path in written.items():
        assert path.read_bytes() == (MODELS / name).read_bytes(), f"{name} has drifted; run: python -m training report"


def test_results_document_is_that_of_the_release() -> None:
    content = json.loads((MODELS / "experiments.json").read_text(encoding="utf-8"))
    document = ROOT / "training" / "RESULTS.md"
    assert document.read_text(encoding="utf-8") == markdown.overview(content, figures="../models/")
    for figure in content["figures"]:
        assert (document.parent / "../models" / figure["file"]).is_file()


@pytest.mark.slow
def test_a_committed_run_repeats_exactly(dataset: FashionMNIST, tmp_path: Path) -> None:
    experiment, seed = EXPERIMENTS["baseline_n1000"], 2
    recorded = RunFolder(DEFAULT_FOLDER).finished(experiment, seed)
    assert recorded is not None
    here = provenance.collect()
    for key in ("cpu", "cores", "python", "packages"):
        if not str(here[key]).startswith(str(recorded.provenance[key])):
            pytest.skip(
                f"recorded with {key} {recorded.provenance[key]}, this is {here[key]}: floats differ in the last digit"
            )
    with Console(runs=1) as console:
        repeated = trainer.train(experiment, seed, dataset, RunFolder(tmp_path), console)
    if here["cpu"] != recorded.provenance["cpu"] and repeated.history != recorded.history:
        # Of the same name, perhaps of another generation: the record does not tell. What chips round otherwise grows
        # from epoch to epoch, what is done otherwise shows in the first.
        for name, values in recorded.history.items():
            assert repeated.history[name][:5] == pytest.approx(values[:5], rel=1e-3), name
        return
    assert repeated.history == recorded.history
    assert (repeated.validation, repeated.test) == (recorded.validation, recorded.test)
    assert repeated.test_predictions == recorded.test_predictions
