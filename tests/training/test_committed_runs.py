"""What is released follows from what is committed."""

import json

from tests.conftest import MODELS
from training import report
from training.datasets import FashionMNIST
from training.registry import select
from training.runs import DEFAULT_FOLDER, RunFolder, to_json


def test_the_report_is_that_of_the_committed_runs(dataset: FashionMNIST) -> None:
    released = json.loads((MODELS / "experiments.json").read_text(encoding="utf-8"))
    built = report.build(select([]), RunFolder(DEFAULT_FOLDER), dataset, served_seed=0)
    assert json.loads(to_json(built)) == released
