"""Multi-model endpoints: each network an archive of its own, which a server of ours loads when it is asked."""

from collections.abc import Callable

import pytest

from tests.deploy.aws import Aws
from tests.deploy.conftest import NAME, RELEASED, Command
from tests.deploy.runtime import Runtime
from tests.deploy.test_deployment import BOOT, served
from tests.deploy.test_failures import assert_paragraph
from tests.deploy.test_plan import NO_S3


def test_planned_made_used_and_deleted(
    aws: Aws, many_models: Runtime, command: Command, push_image: Callable[..., str]
) -> None:
    planned = NO_S3.findall(command("plan", "deploy", "--multi-model").out)
    push_image("1")
    aws.calls.clear()
    made = command("deploy", "--multi-model", "--yes", RELEASED)
    assert made.status == 0, made.err
    assert planned == aws.calls
    container = served(aws)["PrimaryContainer"]
    assert container["Mode"] == "MultiModel"
    assert container["ModelDataUrl"].endswith("/")
    for network in ("cnn_b", "cnn_a"):
        answered = command("invoke", str(BOOT), f"--model={network}")
        assert answered.status == 0, answered.err
        assert "Ankle boot" in answered.out
        assert many_models.forwarded[-1]["X-Amzn-SageMaker-Target-Model"] == f"{network}.tar.gz"
    assert_paragraph(command("invoke", str(BOOT)), "name one: --model NAME, of baseline, cnn_a")
    assert_paragraph(command("invoke", str(BOOT), "--model=vgg"), "name one: --model NAME")
    assert f"models       {container['ModelDataUrl']}" in command("status").out
    push_image("2")
    updated = command("update", "--yes", RELEASED)
    assert updated.status == 0, updated.err
    assert served(aws)["PrimaryContainer"]["Mode"] == "MultiModel"
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


@pytest.mark.usefixtures("aws")
def test_archives_that_are_there_are_not_sent_again(aws: Aws, command: Command, push_image: Callable[..., str]) -> None:
    push_image("1")
    assert command("deploy", "--yes").status == 0
    bucket = next(name.split()[1] for name in aws.everything() if name.startswith("list_buckets"))
    (first,) = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="models/")["Contents"]
    push_image("2")
    assert command("update", "--yes").status == 0
    (second,) = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="models/")["Contents"]
    assert first == second, f"{NAME}: one object, of one time"
