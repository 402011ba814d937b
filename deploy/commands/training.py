"""``train``: training's own jobs, in what this deployment made."""

import argparse

from deploy import cost, execution_role, image, storage
from deploy.account import Account
from deploy.architecture import of_instance
from deploy.confirmation import confirm
from deploy.errors import DeploymentError
from deploy.isolation import Isolation


def train(account: Account, options: argparse.Namespace) -> None:
    """Train each network in a job of its own, and collect the records."""
    from training.errors import TrainingError
    from training.experiments import sagemaker_jobs
    from training.experiments.runs import RunFolder

    if account.dry:
        raise DeploymentError("training jobs cannot be planned; without --yes, train says what it will start, and asks")
    try:
        names = options.experiments or ["baseline", "cnn_a", "cnn_b"]
        plan = sagemaker_jobs.plan(names, seeds=options.seeds, epochs=options.epochs)
        estimate = cost.estimate_job(options.instance_type, price=options.price)
        uri = image.to_use(account, options.image, "training", of_instance(options.instance_type))
        confirm(
            account,
            options,
            f"This costs money. {len(plan)} training jobs on {options.instance_type}, each {estimate}.",
        )
        storage.ensure_bucket(account, None)
        where = sagemaker_jobs.Where(
            options.role or execution_role.ensure(account, Isolation()),
            account.bucket,
            uri,
            options.instance_type,
            spot=options.spot,
        )
        sagemaker_jobs.run(
            plan,
            where,
            runs=RunFolder(options.runs),
            data_folder=options.data,
            jobs=options.jobs,
            ask=False,
            account=account.session,
        )
    except TrainingError as error:
        raise DeploymentError(str(error)) from error
