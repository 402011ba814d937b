"""Batch transform: no endpoint is needed, and requests are as large as the file asks for.

moto's jobs write nothing: what is fetched is what the test puts where the job was told to write.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.aws import Aws
from tests.deploy.conftest import BUCKET, NAME, Command
from tests.deploy.test_failures import assert_paragraph


def only_job(aws: Aws) -> dict[str, Any]:
    (summary,) = aws.client("sagemaker").list_transform_jobs()["TransformJobSummaries"]
    job: dict[str, Any] = aws.client("sagemaker").describe_transform_job(TransformJobName=summary["TransformJobName"])
    return job


@pytest.fixture
def run(aws: Aws, command: Command, push_image: Callable[..., str], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Transform a file; gives the job."""

    def transform(file: Path, *options: str) -> dict[str, Any]:
        push_image("1")
        ended = command("transform", str(file), "--yes", f"--output={tmp_path / 'out'}", *options)
        assert ended.status == 0, ended.err
        assert "$0.23 an hour, billed by the second" in ended.out
        return only_job(aws)

    return transform


def test_lines_need_no_endpoint_and_leave_no_model(
    aws: Aws, run: Callable[..., dict[str, Any]], command: Command, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("0" + ",0" * 783 + "\n")
    job = run(tmp_path / "in.csv", "--env=SERVICE_WORKERS=2")
    assert job["ModelName"].startswith(f"{NAME}-transform-")
    assert (job["TransformInput"]["ContentType"], job["TransformInput"]["SplitType"]) == ("text/csv", "Line")
    assert (job["BatchStrategy"], job["MaxPayloadInMB"], job["MaxConcurrentTransforms"]) == ("MultiRecord", 6, 8)
    where = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"].removeprefix(f"s3://{BUCKET}/")
    stored = aws.client("s3").get_object(Bucket=BUCKET, Key=f"{where}in.csv")["Body"].read()
    assert stored.count(b",") == 783
    assert job["TransformOutput"]["S3OutputPath"] == f"s3://{BUCKET}/{where.removesuffix('/in/')}/out"
    assert job["TransformOutput"]["Accept"] == "application/jsonlines"
    sagemaker = aws.client("sagemaker")
    assert (sagemaker.list_models()["Models"], sagemaker.list_endpoints()["Endpoints"]) == ([], [])
    assert command("delete", "--yes").status == 0
    assert aws.everything() == set()


def test_a_file_that_cannot_be_cut_is_sent_whole(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "in.npy").write_bytes(bytes(40 * 1024**2 + 1))
    job = run(tmp_path / "in.npy")
    assert (job["BatchStrategy"], job["MaxPayloadInMB"], job["MaxConcurrentTransforms"]) == ("SingleRecord", 41, 2)
    assert job["TransformInput"]["SplitType"] == "None"


def test_answers_joined_to_their_records(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("0" + ",0" * 783 + "\n")
    job = run(tmp_path / "in.csv", "--join-input")
    assert job["DataProcessing"]["JoinSource"] == "Input"
    assert job["TransformOutput"]["Accept"] == "text/csv"


@pytest.mark.usefixtures("aws")
def test_what_cannot_be_sent_or_joined_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in.npy").touch()
    with (tmp_path / "in.npy").open("r+b") as large:
        large.truncate(101 * 1024**2)
    assert_paragraph(command("transform", str(tmp_path / "in.npy")), "in.npy has 101 MB", "100 MB", "smaller files")
    (tmp_path / "in.jsonl").write_bytes(b" " * 101 * 1024**2)
    assert_paragraph(command("transform", str(tmp_path / "in.jsonl")), "a line of ", "101 MB")
    joined = command("transform", str(tmp_path / "in.npy"), "--join-input")
    assert_paragraph(joined, "--join-input", "no records", ".csv and .jsonl")
