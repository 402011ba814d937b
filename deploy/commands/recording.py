"""``register`` and ``monitor``: what is known of the model, and whether it still holds."""

import argparse

from deploy import cost, image, model_registry, monitoring, storage
from deploy.account import Account
from deploy.confirmation import confirm


def register(account: Account, options: argparse.Namespace) -> None:
    """Put the image and the bundle into the model registry, with their figures."""
    known = model_registry.documents(options.models)
    uri = image.to_use(account, options.image, "serving", "amd64")  # as the registry's instance types are
    storage.ensure_bucket(account, None)
    print(model_registry.register(account, image=uri, models=options.models, known=known, approved=options.approve))


def monitor(account: Account, options: argparse.Namespace) -> None:
    """Compare what the endpoint answers with the drift reference, every hour."""
    files = monitoring.files(options.models)
    shape = monitoring.require_capture(account)
    price = cost.estimate_job(monitoring.INSTANCE_TYPE, price=options.price)
    at_most = cost.hourly(monitoring.INSTANCE_TYPE, options.price) * cost.HOURS_A_MONTH
    confirm(
        account,
        options,
        f"This costs money. Every hour a job on {monitoring.INSTANCE_TYPE}: {price}, ${at_most:.0f} a month at most.",
    )
    name = monitoring.start(account, files, shape)
    print(
        f"{name}: reports are in s3://{account.bucket}/monitoring, violations in CloudWatch; "
        f"{account.command('delete')} ends it, with the endpoint"
    )
