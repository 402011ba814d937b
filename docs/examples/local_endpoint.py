"""The serving image as an endpoint on this machine: ``python docs/examples/local_endpoint.py model.tar.gz PICTURE``."""

import json
import os
import sys
from pathlib import Path

import boto3
from sagemaker.core.local.local_session import LocalSession

IMAGE = os.environ.get("IMAGE", "exploring-convolutional-layers")
NAME = "local"


def main(bundle: Path, picture: Path) -> None:
    """Start the endpoint, ask it about a picture, and take it away again."""
    # No call reaches AWS, but the SDK wants to know whose it would be.
    account = boto3.Session("none", "none", region_name="us-east-1")
    session = LocalSession(account, default_bucket="none")
    sagemaker = session.sagemaker_client
    container = {"Image": IMAGE, "ModelDataUrl": bundle.resolve().as_uri(), "Environment": {"SERVICE_WORKERS": "1"}}
    sagemaker.create_model(NAME, container)
    variant = {"VariantName": "AllTraffic", "ModelName": NAME, "InstanceType": "local", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(NAME, [variant])
    sagemaker.create_endpoint(NAME, NAME)
    try:
        answer = session.sagemaker_runtime_client.invoke_endpoint(
            picture.read_bytes(),
            NAME,
            ContentType="image/png",
            Accept="application/json",
            CustomAttributes="verbose=true",
        )
        print(json.load(answer["Body"])["label"])
    finally:
        sagemaker.delete_endpoint(NAME)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
