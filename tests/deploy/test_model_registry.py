"""The model registry: a bundle and its image, with the figures it was released on."""

import json
from collections.abc import Callable

import pytest

from tests.conftest import ROOT
from tests.deploy.aws import Aws
from tests.deploy.conftest import NAME, RELEASED, Command
from tests.deploy.test_failures import assert_paragraph
from tests.deploy.test_plan import NO_S3


def test_planned_registered_and_deleted(aws: Aws, command: Command, push_image: Callable[..., str]) -> None:
    planned = NO_S3.findall(command("plan", "register", RELEASED).out)
    assert aws.calls == []
    digest = push_image("1")
    aws.calls.clear()
    registered = command("register", RELEASED)
    assert registered.status == 0, registered.err
    assert planned == aws.calls
    package = aws.client("sagemaker").describe_model_package(ModelPackageName=registered.out.strip())
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    (container,) = package["InferenceSpecification"]["Containers"]
    assert container["Image"].endswith(digest)
    assert container["ModelDataUrl"].endswith("/model.tar.gz")

    def stored(source: dict[str, str]) -> dict[str, object]:
        bucket, _, key = source["S3Uri"].removeprefix("s3://").partition("/")
        content: dict[str, object] = json.load(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"])
        return content

    quality = stored(package["ModelMetrics"]["ModelQuality"]["Statistics"])
    bundle = json.loads((ROOT / "models" / "bundle.json").read_text(encoding="utf-8"))
    report = json.loads((ROOT / "models" / "experiments.json").read_text(encoding="utf-8"))
    released = bundle["models"][bundle["default_model"]]["training"]["test_accuracy"]
    assert quality["multiclass_classification_metrics"] == {
        "accuracy": {"value": released, "standard_deviation": "NaN"}
    }
    networks = quality["networks"]
    assert isinstance(networks, dict)
    (row,) = [row for row in report["experiments"] if row["name"] == "cnn_b"]
    assert networks["cnn_b"]["experiment"]["test_accuracy"] == row["test_accuracy"]
    usual = stored(package["ModelMetrics"]["ModelDataQuality"]["Statistics"])
    assert usual["dataset"] == {"item_count": 5000}
    approved = command("register", RELEASED, "--approve").out.strip()
    assert (
        aws.client("sagemaker").describe_model_package(ModelPackageName=approved)["ModelApprovalStatus"] == "Approved"
    )
    deleted = command("delete", "--yes")
    assert deleted.status == 0, deleted.err
    assert "deleted version 2 in the registry" in deleted.out
    assert aws.everything() == set()


def test_a_group_of_somebody_else_is_neither_used_nor_deleted(
    aws: Aws, command: Command, push_image: Callable[..., str]
) -> None:
    push_image("1")
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=NAME)
    assert_paragraph(command("register", RELEASED), f"the registry's group {NAME} exists", "somebody else's")
    assert command("delete", "--yes").status == 0
    assert aws.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]


@pytest.mark.usefixtures("aws")
def test_a_bundle_without_figures_is_refused(
    command: Command, push_image: Callable[..., str], small_bundle: object
) -> None:
    push_image("1")
    assert_paragraph(command("register", f"--models={small_bundle}"), "experiments.json cannot be read", "make report")
