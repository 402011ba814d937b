"""The training image as a training job on this machine: ``python docs/examples/local_training.py DATA OUTPUT``."""

import os
import sys
from pathlib import Path

import boto3
from sagemaker.core.local.local_session import LocalSession
from sagemaker.core.training.configs import Compute, InputData
from sagemaker.train import ModelTrainer
from sagemaker.train.model_trainer import Mode

IMAGE = os.environ.get("IMAGE", "exploring-convolutional-layers:training")


def main(data: Path, output: Path) -> None:
    """Train the dense network for one epoch; the folder then has ``compressed_artifacts/model.tar.gz``.

    Args:
        data: the folder with Fashion-MNIST's four IDX files.
        output: the folder for what SageMaker would keep in S3.

    """
    account = boto3.Session("none", "none", region_name="us-east-1")  # no call reaches AWS
    trainer = ModelTrainer(
        sagemaker_session=LocalSession(account, default_bucket="none"),
        training_mode=Mode.LOCAL_CONTAINER,
        training_image=IMAGE,
        role="arn:aws:iam::123456789012:role/none",
        compute=Compute(instance_type="local_cpu", instance_count=1),
        hyperparameters={"experiments": "baseline", "epochs": "1"},
        local_container_root=str(output),
    )
    trainer.train([InputData(channel_name="training", data_source=str(data))])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
