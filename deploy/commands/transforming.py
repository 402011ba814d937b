"""``transform``."""

import argparse

from deploy import archives, cost, environment, execution_role, image, isolation, release, storage, versions
from deploy import transform as job
from deploy.account import Account
from deploy.architecture import of_instance
from deploy.confirmation import confirm
from deploy.release import Release


def transform(account: Account, options: argparse.Namespace) -> None:
    """Send a file or a folder through a batch transform job."""
    source = job.look_at(options.source, join=options.join_input)
    archives.read_manifest(options.models)
    variables = environment.changed({}, environment.read(options.env, options.env_file), [])
    place, kind = isolation.read(options), options.instance_type
    estimate = cost.estimate_job(kind, price=options.price)
    uri = image.to_use(account, options.image, "serving", of_instance(kind))
    confirm(account, options, f"This costs money. A transform job on {kind}: {estimate}.")
    storage.ensure_bucket(account, place.key)
    bundle = archives.upload(account, options.models, multi_model=False)
    runs = Release(
        uri, bundle, options.role or execution_role.ensure(account, place), variables, isolation=place.network
    )
    for line in versions.remove_of_jobs(account):  # what an interrupted run has left
        print(line, flush=True)
    model = release.make_model(account, runs, prefix=versions.TRANSFORM)
    try:
        files = job.run(account, source, model=model, kind=kind, key=place.key, output=options.output)
    finally:
        account.client("sagemaker").delete_model(ModelName=model)
    print(f"{options.output}: {len(files)} files of answers")
