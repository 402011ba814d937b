"""Uses an endpoint or its model: one picture, a batch, a training job."""

import json
import mimetypes
from pathlib import Path
from typing import Any

from deployment.aws import Account, DeploymentError, wait
from deployment.calls import Call
from deployment.settings import Deployment

_PENDING = ("InProgress", "Stopping")


def invoke(account: Account, name: str, picture: Path, *, model: str | None) -> dict[str, Any]:
    """Send a picture file to an endpoint; returns the prediction, as ``/predict`` gives it.

    Raises:
        DeploymentError: the file cannot be read, or the model refused it: gives the container's own sentence.

    """
    kind, _ = mimetypes.guess_type(picture.name)
    if kind is None or not kind.startswith("image/"):
        raise DeploymentError(f"{picture} has no picture's name; name a .png, .jpg, .webp, .bmp, .gif or .tiff file")
    try:
        content = picture.read_bytes()
    except OSError as error:
        raise DeploymentError(f"{picture} cannot be read: {error}") from error
    runtime = account.client("sagemaker-runtime")
    attributes = ",".join(["verbose=true", *([f"tfs-model-name={model}"] if model else [])])
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=name, ContentType=kind, Accept="application/json", CustomAttributes=attributes, Body=content
        )
    except runtime.exceptions.ModelError as error:
        said = error.response.get("OriginalMessage", "")
        raise DeploymentError(
            f"the model answered {error.response.get('OriginalStatusCode')}: {_detail(said)}"
        ) from error
    prediction: dict[str, Any] = json.loads(answer["Body"].read())
    return prediction


def _detail(message: str) -> str:
    """The sentence of a problem document; what else there is as it is."""
    try:
        return str(json.loads(message)["detail"])
    except (ValueError, KeyError, TypeError):
        return message


def transform(d: Deployment, key: str, content_type: str) -> Call:
    """A batch transform job over an object in the bucket: lines are put together into requests of up to 6 MB."""
    return Call(
        "sagemaker",
        "create_transform_job",
        {
            "TransformJobName": d.versioned,
            "ModelName": d.versioned,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{d.bucket}/{key}"}},
                "ContentType": content_type,
                "SplitType": "Line" if content_type in ("text/csv", "application/jsonlines") else "None",
            },
            "TransformOutput": {
                "S3OutputPath": f"s3://{d.bucket}/{d.name}/transformed/{d.version}",
                "Accept": "text/csv" if content_type == "text/csv" else "application/jsonlines",
                "AssembleWith": "Line",
            },
            "TransformResources": {"InstanceType": d.instance, "InstanceCount": d.instances},
            "Tags": d.tags,
        },
    )


def train(d: Deployment, *, image: str, experiments: str, seeds: int, epochs: int | None) -> Call:
    """A training job whose model.tar.gz is a bundle that ``deploy`` takes."""
    given = {"experiments": experiments, "seeds": str(seeds), **({"epochs": str(epochs)} if epochs else {})}
    return Call(
        "sagemaker",
        "create_training_job",
        {
            "TrainingJobName": d.versioned,
            "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
            "RoleArn": d.role_arn,
            "HyperParameters": given,
            "OutputDataConfig": {"S3OutputPath": f"s3://{d.bucket}/{d.name}/trained"},
            "ResourceConfig": {"InstanceType": d.instance, "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 6 * 3600},
            "Tags": d.tags,
        },
    )


def wait_for_transform(account: Account, name: str) -> str:
    """Wait for a transform job; returns where its results are."""
    found = wait(
        f"transform job {name}",
        lambda: account.client("sagemaker").describe_transform_job(TransformJobName=name),
        "TransformJobStatus",
        good="Completed",
        pending=_PENDING,
        log_group="/aws/sagemaker/TransformJobs",
    )
    output: str = found["TransformOutput"]["S3OutputPath"]
    return output


def wait_for_training(account: Account, name: str) -> str:
    """Wait for a training job; returns where its model.tar.gz is."""
    found = wait(
        f"training job {name}",
        lambda: account.client("sagemaker").describe_training_job(TrainingJobName=name),
        "TrainingJobStatus",
        good="Completed",
        pending=_PENDING,
        log_group="/aws/sagemaker/TrainingJobs",
    )
    artifact: str = found["ModelArtifacts"]["S3ModelArtifacts"]
    return artifact
